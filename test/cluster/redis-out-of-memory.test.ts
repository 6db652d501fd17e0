import { afterAll, beforeAll, expect, test } from "bun:test";
import { shardOf } from "@muster/core/ports";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import type { NodeError } from "../kit/node-process.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;

/** An actor whose shard the node owns, or does not. */
const actorOf = async (node: string, owned: boolean): Promise<string> => {
  const owners = await cluster.ownersOf();
  const isFit = (id: string) => (owners.get(shardOf(id, owners.size)) === node) === owned;
  const found = Array.from({ length: 1_000 }, (_, n) => `actor-${n}`).find(isFit);
  if (found === undefined) throw new Error(`No actor was found for ${node}.`);
  return found;
};
const put = (node: string, actor: string): Promise<unknown> =>
  cluster.node(node).ask(actor, "put", { key: "k" }, { timeoutMs: 2_000 });
const saysSo = async (node: string): Promise<boolean> => {
  const { verdict, reasons, redis } = await cluster.node(node).status();
  const isFound = redis.findings.some(({ code }) => code === "OUT_OF_MEMORY");
  return isFound && verdict === "degraded" && reasons.join().includes("no memory left");
};

/** I1, I5, I10: what needs room is refused; what frees it, and the proof of life, may exceed it. */
test("a Redis without memory refuses commands at once and says so, while owners work on, until there is room", async () => {
  await cluster.startAll(3);
  await cluster.settled(...ids);
  const before = await cluster.still();
  const near = await actorOf("web-1", true);
  const far = await actorOf("web-1", false);
  const load = await startLoadOn(cluster, ids, { timeoutMs: 1_000 });
  await load.more(300);

  await cluster.redis.command("CONFIG", "SET", "maxmemory", "1mb");
  for (const id of ids)
    await cluster.waitUntil(`${id} tells that memory is short`, () => saysSo(id));
  const refused = await cluster.waitUntil(
    "a command for a shard of another node is refused",
    () => put("web-1", far).catch((error: NodeError) => error),
    (error) => (error as NodeError).code === "BACKEND_UNAVAILABLE",
  );
  expect(refused).toMatchObject({ outcome: "not-applied", retryable: true });
  expect(String(refused)).toContain("no memory left");
  await holdsFor(
    "commits and heartbeats go on and no shard moves",
    2_000,
    async () => ({ put: await put("web-1", near), now: (await cluster.ownership()).join() }),
    ({ now }) => now === before.join(),
  );
  expect(await cluster.judgedGone()).toBe(0);
  await cluster.start("web-4");

  await cluster.redis.command("CONFIG", "SET", "maxmemory", "0");
  for (const id of ids)
    await cluster.waitUntil(`${id} tells that all is well`, async () => !(await saysSo(id)));
  await cluster.settled(...ids, "web-4");
  await cluster.waitUntil("commands are taken again", () => put("web-1", far));
  await load.more(300);
  await load.stop();
  await cluster.waitUntil(
    "every actor answers",
    () => load.verify("web-4"),
    (report) => {
      expect(report).toMatchObject(nothingWrong);
      return true;
    },
  );
}, 60_000);
