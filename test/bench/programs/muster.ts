/** A Muster node of the bench: on Redis, or in memory without a port. */
import { type ClusterSettings, createHost, createMuster, isMusterError } from "@muster/core";
import { redisBackend } from "@muster/redis-adapter";
import { quantile } from "../rounds.ts";
import { Counter, counter } from "./counter.ts";
import { programConfig, runConcurrently, serveVerbs, timed } from "./serve-verbs.ts";

const config = programConfig<{
  readonly redisPort?: number;
  readonly cluster: string;
  readonly nodeId: string;
  readonly shardCount?: number;
  readonly settings?: Partial<ClusterSettings>;
}>();
const muster = createMuster({
  cluster: config.cluster,
  node: { id: config.nodeId },
  ...(config.redisPort !== undefined && {
    backend: redisBackend({ url: `redis://127.0.0.1:${config.redisPort}` }),
  }),
  actors: [Counter],
  apps: {
    host: createHost({ load: async () => ({ kind: "loaded", app: {} }), enable: () => {} }),
  },
  settings: {
    ...config.settings,
    ...(config.shardCount !== undefined && { shardCount: config.shardCount }),
  },
});
const admin = muster.as({ name: "bench", role: "admin" });
await muster.start({ timeoutMs: 20_000 });
process.on("SIGTERM", () => {
  muster.stop().finally(() => process.exit(0));
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const actor = (id: string) => muster.actor(counter, id);
interface Amount {
  readonly prefix: string;
  readonly actors: number;
  readonly count: number;
  readonly inFlight: number;
}
const add = ({ prefix, actors }: Amount, n: number): Promise<number> =>
  actor(`${prefix}-${n % actors}`).ask.add({ by: 1 });

/** Asks each actor until another process answers; milliseconds since `from`, and the slowest ask. */
const watch = async (ids: readonly string[], pid: number, from: number) => {
  let slowest = 0;
  const moved = await Promise.all(
    ids.map(async (id) => {
      for (;;) {
        const asked = performance.now();
        const where = await actor(id)
          .ask.where({})
          .catch(() => pid);
        slowest = Math.max(slowest, performance.now() - asked);
        if (where !== pid) return performance.now() - from;
        await pause(1);
      }
    }),
  );
  return { moved, slowest };
};

/** Additions of this process while `isAdding`, by actor. */
let isAdding = false;
let adding: Promise<unknown> = Promise.resolve();
let added = 0;
const tally = { acked: {} as Record<string, number>, unknown: {} as Record<string, number> };
const addOne = async (id: string, counts: typeof tally): Promise<void> => {
  try {
    await actor(id).ask.add({ by: 1 });
    counts.acked[id] = (counts.acked[id] ?? 0) + 1;
    added += 1;
  } catch (error) {
    if (isMusterError(error) && error.outcome === "not-applied") return;
    counts.unknown[id] = (counts.unknown[id] ?? 0) + 1;
  }
};

serveVerbs({
  asks: (amount: Amount) =>
    timed(() => runConcurrently(amount.count, amount.inFlight, (n) => add(amount, n))),
  /** Messages without answer. An ask to each actor ends it: it is answered after all of ours. */
  tells: (amount: Amount) =>
    timed(async () => {
      await runConcurrently(amount.count, amount.inFlight, (n) =>
        actor(`${amount.prefix}-${n % amount.actors}`).tell.add({ by: 1 }),
      );
      await runConcurrently(amount.actors, amount.inFlight, (n) =>
        actor(`${amount.prefix}-${n}`).ask.add({ by: 0 }),
      );
    }),
  /** Memory once garbage was collected, as often as it takes to settle. */
  memory: async () => {
    const scope = globalThis as {
      readonly Bun?: { gc(force: boolean): void };
      readonly gc?: () => void;
    };
    for (let i = 0; i < 4; i++) {
      await pause(250);
      if (scope.Bun) scope.Bun.gc(true);
      else scope.gc?.();
    }
    // A long collection keeps heartbeats waiting: let the node be heard again.
    await pause(1_000);
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heap: heapUsed };
  },
  /** Microseconds of CPU used so far, user and system. */
  cpuMicros: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  latency: async (amount: Amount) => {
    const took: number[] = [];
    for (let n = 0; n < amount.count; n++) {
      const from = performance.now();
      await add(amount, n);
      took.push(performance.now() - from);
    }
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
  },
  /** Sum over all actors of a prefix: what was really stored. */
  total: async ({ prefix, actors }: Amount) => {
    let sum = 0;
    await runConcurrently(actors, 64, async (n) => {
      const value = await actor(`${prefix}-${n}`).ask.add({ by: 0 });
      sum += value;
    });
    return sum;
  },
  /** Waits until every shard is owned and the owners are exactly these nodes. */
  settled: async ({ owners }: { readonly owners: readonly string[] }) => {
    for (;;) {
      const { items } = await muster.shards.list();
      const seen = new Set(items.map(({ owner }) => owner ?? "none"));
      if ([...seen].sort().join() === [...owners].sort().join()) return;
      await pause(10);
    }
  },
  drain: ({ id }: { readonly id: string }) => admin.nodes.drain(id, { reason: "bench" }),
  install: ({ count }: { readonly count: number }) =>
    runConcurrently(count, 100, (n) =>
      admin.apps.install({ id: `app-${n}`, version: "1.0.0", reason: "bench" }),
    ),
  converged: async ({ count }: { readonly count: number }) => {
    while (muster.status().apps.converged < count) await pause(20);
  },
  /** Of the given actors those whose turns run in the process. */
  livingIn: async ({ ids, pid }: { readonly ids: readonly string[]; readonly pid: number }) => {
    const where = await Promise.all(ids.map((id) => actor(id).ask.where({})));
    return ids.filter((_, i) => where[i] === pid);
  },
  /** Adds to each actor again and again, one at a time, until told to stop. */
  startAdding: ({ ids }: { readonly ids: readonly string[] }) => {
    isAdding = true;
    added = 0;
    Object.assign(tally, { acked: {}, unknown: {} });
    adding = Promise.all(
      ids.map(async (id) => {
        for (; isAdding; await pause(1)) await addOne(id, tally);
      }),
    );
  },
  hasAdded: async ({ count }: { readonly count: number }) => {
    while (added < count) await pause(1);
  },
  stopAdding: async () => {
    isAdding = false;
    await adding;
    return tally;
  },
  addToEach: async ({ ids }: { readonly ids: readonly string[] }) => {
    const counts: typeof tally = { acked: {}, unknown: {} };
    await Promise.all(ids.map((id) => addOne(id, counts)));
    return counts;
  },
  valuesOf: async ({ ids }: { readonly ids: readonly string[] }) =>
    Object.fromEntries(
      await Promise.all(ids.map(async (id) => [id, await actor(id).ask.add({ by: 0 })] as const)),
    ),
  /** Ends a process by a signal and watches its actors come back elsewhere. */
  endAndWatch: async (args: {
    readonly ids: readonly string[];
    readonly pid: number;
    readonly signal: "SIGKILL" | "SIGTERM" | "SIGSTOP";
  }) => {
    const from = performance.now();
    process.kill(args.pid, args.signal);
    return watch(args.ids, args.pid, from);
  },
});
