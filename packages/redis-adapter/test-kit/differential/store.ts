/**
 * The two stores under comparison, each with power over its data: a private Redis and memory. Both
 * take their time from one place, and every backend made here belongs to one cluster.
 */
import { MemoryServer, memoryBackend } from "@muster/core";
import {
  type Backend,
  type Incarnation,
  type NodeId,
  type ShardId,
  silentLogger,
  systemClock,
  systemRandom,
} from "@muster/core/ports";
import { Redis } from "ioredis";
import { createKeys } from "../../src/keys.ts";
import { resolveRedisOptions } from "../../src/options.ts";
import { RedisBackend } from "../../src/redis-backend.ts";

export const cluster = "alike";
const keyPrefix = "muster";

/** Time of both stores, epoch milliseconds. */
export const time = { now: 0 };

/** Nothing is to end by a time-out, however busy the machine is. */
const patience = { commandTimeoutMs: 60_000, heartbeatTimeoutMs: 60_000 };

let ticks = 0;
const clock = {
  ...systemClock,
  wall: () => time.now,
  // Far apart, so that no connection is ever too young to judge by those of others.
  monotonic: () => {
    ticks += 1_000_000;
    return ticks;
  },
};

export interface Process {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
}

export interface Store {
  readonly name: "redis" | "memory";
  /** A backend that is not open yet. */
  backend(process: Process): Backend;
  /** Begins another history with all data kept. */
  newHistory(): Promise<void>;
  flush(): Promise<void>;
  /** Everything of one shard is gone. */
  loseShard(shard: ShardId): Promise<void>;
  /** Keeps all data; the answer goes back to it, under another history. */
  snapshot(): Promise<() => Promise<void>>;
  /** Resolves when nobody is known to be alive under this process's name. */
  untilDead(process: Process): Promise<void>;
  close(): Promise<void>;
}

const contextOf = (process: Process) => ({
  ...process,
  cluster,
  clock,
  random: systemRandom,
  logger: silentLogger,
});

/** The store of a redis-server that allows DEBUG. */
export const redisStore = (url: string): Store => {
  const admin = new Redis(url);
  const keys = createKeys(keyPrefix, cluster);
  const newHistory = async (): Promise<void> => {
    await admin.call("DEBUG", "CHANGE-REPL-ID");
  };
  return {
    name: "redis",
    backend: (process) =>
      new RedisBackend(resolveRedisOptions({ url, keyPrefix, ...patience }), contextOf(process), {
        time: () => time.now,
      }),
    newHistory,
    flush: async () => {
      await admin.flushall();
    },
    loseShard: async (shard) => {
      const own = keys.shard(shard).own;
      const all = await admin.keys(`${own.slice(0, own.lastIndexOf(":"))}:*`);
      if (all.length > 0) await admin.del(...all);
    },
    snapshot: async () => {
      const names = await admin.keys("*");
      const dumps = await Promise.all(names.map((name) => admin.dumpBuffer(name)));
      return async () => {
        await admin.flushall();
        await Promise.all(
          names.map((name, i) => {
            const dump = dumps[i];
            return dump && admin.restore(name, 0, dump);
          }),
        );
        await newHistory();
      };
    },
    untilDead: async ({ nodeId, incarnation }) => {
      const channel = keys.channels.alive(nodeId, incarnation);
      while (Number((await admin.pubsub("NUMSUB", channel))[1]) > 0) await Bun.sleep(1);
    },
    close: async () => {
      admin.disconnect();
    },
  };
};

export const memoryStore = (): Store => {
  const server = new MemoryServer({ clock });
  const factory = memoryBackend({ server });
  return {
    name: "memory",
    backend: (process) => factory.create(contextOf(process)),
    newHistory: async () => server.restart({ keepData: true }),
    flush: async () => server.flush(),
    loseShard: async (shard) => {
      server.cluster(cluster).shards.delete(shard);
    },
    snapshot: async () => {
      const kept = server.snapshot();
      return async () => server.rollback(kept);
    },
    untilDead: async () => {},
    close: async () => {},
  };
};
