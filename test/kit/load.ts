/** Load on a cluster, and the count of what became of it: the check of I2, I3 and I4. */
import { defaultSettings } from "@muster/core";
import { shardOf } from "@muster/core/ports";
import type { TestCluster } from "./cluster.ts";
import { type LoadPlan, loadActor } from "./program-protocol.ts";
import type { WaitOptions } from "./wait-until.ts";

export interface LoadReport {
  /** Commands sent by nodes that ended the load in order. */
  readonly sent: number;
  readonly acked: number;
  readonly unknown: number;
  readonly notApplied: number;
  /** How often commands that were not acknowledged ended with which code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Acknowledged and not in the state. */
  readonly lost: readonly string[];
  /** The actors that those were sent to. */
  readonly losers: readonly string[];
  /** In the state more than once. */
  readonly doubled: readonly string[];
  /** Said to be not applied, and in the state. */
  readonly appliedAfterAll: readonly string[];
  /** Keys of one worker that stand behind a later one of the same worker and actor. */
  readonly reordered: readonly string[];
}

export interface Load {
  /** Commands acknowledged so far. */
  readonly acked: number;
  /** Commands whose outcome was told as unknown so far. */
  readonly unknown: number;
  /** Waits until so many more are acknowledged. */
  more(count: number, options?: WaitOptions): Promise<void>;
  /** Ends the load on all nodes that still run. */
  stop(): Promise<void>;
  /** Reads every actor through one node and compares. */
  verify(through: string): Promise<LoadReport>;
}

const defaults = { actors: 40, workers: 8, pauseMs: 2, timeoutMs: 5_000, repeat: false } as const;
let loads = 0;

/** Finds keys that stand behind a later command of their own worker. */
const outOfOrder = (keys: readonly string[]): readonly string[] => {
  const last = new Map<string, number>();
  return keys.filter((key) => {
    const slash = key.lastIndexOf("/");
    const worker = key.slice(0, slash);
    const n = Number(key.slice(slash + 1));
    const earlier = last.get(worker) ?? -1;
    last.set(worker, Math.max(earlier, n));
    return n < earlier;
  });
};

/** The subject under which a loss of this ledger's data is told. */
export const shardOfLedger = (id: string): string =>
  `shard-${shardOf(id, defaultSettings.shardCount)}`;

/** Starts the same load on the given nodes. */
export const startLoadOn = async (
  cluster: TestCluster,
  nodes: readonly string[],
  given: Partial<Omit<LoadPlan, "name">> = {},
): Promise<Load> => {
  const plan: LoadPlan = { ...defaults, ...given, name: `load${++loads}` };
  const acked = new Set<string>();
  const unknown = new Set<string>();
  const notApplied = new Set<string>();
  const codes: Record<string, number> = {};
  let sent = 0;
  cluster.onOutcomes((outcomes) => {
    if (outcomes.load !== plan.name) return;
    for (const key of outcomes.acked) acked.add(key);
    for (const key of outcomes.unknown) unknown.add(key);
    for (const key of outcomes.notApplied) notApplied.add(key);
    for (const code of outcomes.codes) codes[code] = (codes[code] ?? 0) + 1;
  });
  const loaders = await Promise.all(
    nodes.map(async (id) => {
      const node = cluster.node(id);
      await node.startLoad(plan);
      return node;
    }),
  );
  return {
    get acked() {
      return acked.size;
    },
    get unknown() {
      return unknown.size;
    },
    more: async (count, options) => {
      const before = acked.size;
      await cluster.waitUntil(
        `${count} more commands are acknowledged`,
        () => ({ more: acked.size - before, codes }),
        ({ more }) => more >= count,
        options,
      );
    },
    stop: async () => {
      const living = loaders.filter((node) => node.running);
      for (const count of await Promise.all(living.map((node) => node.stopLoad()))) sent += count;
    },
    verify: async (through) => {
      const times = new Map<string, number>();
      const reordered: string[] = [];
      for (let n = 0; n < plan.actors; n++) {
        const state = (await cluster.node(through).ask(loadActor(plan, n), "read")) as {
          readonly keys: readonly string[];
        };
        for (const key of state.keys) times.set(key, (times.get(key) ?? 0) + 1);
        reordered.push(...outOfOrder(state.keys));
      }
      const lost = [...acked].filter((key) => !times.has(key));
      const sentTo = (key: string) => loadActor(plan, Number(key.slice(key.lastIndexOf("/") + 1)));
      return {
        sent,
        codes,
        acked: acked.size,
        unknown: unknown.size,
        notApplied: notApplied.size,
        lost,
        losers: [...new Set(lost.map(sentTo))],
        doubled: [...times].filter(([, count]) => count > 1).map(([key]) => key),
        appliedAfterAll: [...notApplied].filter((key) => times.has(key)),
        reordered,
      };
    },
  };
};

/** What a report must look like when nothing went wrong. */
export const nothingWrong = { lost: [], doubled: [], appliedAfterAll: [], reordered: [] } as const;
