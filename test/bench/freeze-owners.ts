/**
 * Freezes owners in the middle of their writing. Every commit of the last moments before a freeze
 * arrives at Redis a second time when others own the shards: a write of a zombie, which must be
 * refused. Who added how much is counted, so that an accepted one shows in the sums as well.
 */
import { callsOf } from "../kit/script-of.ts";
import { startTcpProxy, type TcpProxy } from "../kit/tcp-proxy.ts";
import type { OwnerEnd } from "./end-owners.ts";
import { probes, startOwners } from "./owners.ts";
import type { BenchContext } from "./row.ts";

export interface Freezes {
  readonly ends: readonly OwnerEnd[];
  /** Commits of frozen owners that arrived when others owned the shards. */
  readonly zombies: number;
  /** Those not refused, and additions that the sums lack or have too many. */
  readonly accepted: number;
}

/** What one process has added to each actor. */
export interface Added {
  readonly acked: Readonly<Record<string, number>>;
  readonly unknown: Readonly<Record<string, number>>;
}

/** Longer than a lease and a take-over; the frozen process is still or again without its claims. */
const lateByMs = 3_500;
const fenced = "1";

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
const arrived = (proxies: Iterable<TcpProxy>): number =>
  sum([...proxies].map(({ copied }) => sum(copied.values())));

/** Runs three nodes and freezes one of two of them `times` times. */
export const freezeOwners = async (context: BenchContext, times: number): Promise<Freezes> => {
  const proxies = new Map<string, TcpProxy>();
  for (const nodeId of ["owner-1", "owner-2"])
    proxies.set(nodeId, await startTcpProxy(context.redisPort));
  const owners = await startOwners(
    context,
    (nodeId) => proxies.get(nodeId)?.port ?? context.redisPort,
  );
  const { watcher, running } = owners;
  const ends: OwnerEnd[] = [];
  const added: Added[] = [];
  let sent = 0;
  for (let n = 0; n < times; n++) {
    const victim = running[n % 2 === 0 ? 0 : 1];
    const proxy = proxies.get(n % 2 === 0 ? "owner-1" : "owner-2");
    const ids = await owners.actorsOf(victim);
    await victim.call("startAdding", { ids });
    const before = proxy === undefined ? 0 : proxy.copies;
    proxy?.copyRequests({ when: callsOf("commit"), afterMs: [lateByMs] });
    await victim.call("hasAdded", { count: 30 });
    ends.push(
      await watcher.call<OwnerEnd>("endAndWatch", { ids, pid: victim.pid, signal: "SIGSTOP" }),
    );
    proxy?.heal();
    sent += (proxy?.copies ?? 0) - before;
    added.push(await watcher.call<Added>("addToEach", { ids }));
    process.kill(victim.pid, "SIGCONT");
    added.push(await victim.call<Added>("stopAdding"));
    context.progress(`SIGSTOP ${n + 1} of ${times}`);
  }
  while (arrived(proxies.values()) < sent) await new Promise((resolve) => setTimeout(resolve, 20));
  const values = await watcher.call<Readonly<Record<string, number>>>("valuesOf", { ids: probes });
  const of = (which: "acked" | "unknown", id: string): number =>
    sum(added.map((each) => each[which][id] ?? 0));
  const wrong = probes.map((id) => {
    const [value, acked] = [values[id] ?? 0, of("acked", id)];
    return Math.max(0, acked - value, value - acked - of("unknown", id));
  });
  const notRefused = sum(
    [...proxies.values()].flatMap(({ copied }) =>
      [...copied].filter(([answer]) => answer !== fenced).map(([, count]) => count),
    ),
  );
  await owners.end();
  await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
  return { ends, zombies: sent, accepted: notRefused + sum(wrong) };
};
