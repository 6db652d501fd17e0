/** The ports' conformance suite against a primary that Sentinels watch. */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { silentLogger, systemClock, systemRandom } from "@muster/core/ports";
import { type ConformanceContext, runConformance } from "@muster/core/testing";
import { type SentinelSet, startSentinelSet } from "../../../test/kit/sentinel-set.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { resolveRedisOptions } from "./options.ts";
import { RedisBackend } from "./redis-backend.ts";

let set: SentinelSet;
let clusters = 0;

beforeAll(async () => {
  // A restart is to be one, no fail-over.
  set = await startSentinelSet({ replicas: 1, downAfterMs: 60_000, server: { aof: true } });
}, 30_000);
afterAll(() => set.stop());

const primary = () => set.primary();
/** Connections that a restart has ended are made again. */
const caughtUp = (): Promise<unknown> =>
  waitUntil("the replica has caught up", () => set.caughtUp().then(() => true), Boolean);
/** The replica follows, or stands still with its connection open. */
const setReplicas = async (count: 0 | 1): Promise<void> => {
  const [, replica] = set.servers;
  if (count === 0) {
    await replica?.freeze();
    return;
  }
  replica?.thaw();
  await caughtUp();
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const makeContext = async (): Promise<ConformanceContext> => {
  const cluster = `suite-${++clusters}`;
  const backends: RedisBackend[] = [];
  let offsetMs = 0;
  // The store's time and the nodes' monotonic clock move on together.
  const clock = {
    ...systemClock,
    monotonic: () => systemClock.monotonic() + Math.max(0, offsetMs),
  };
  return {
    open: async ({ nodeId, incarnation }, { durability } = {}) => {
      const backend = new RedisBackend(
        resolveRedisOptions({
          sentinels: set.addresses,
          name: set.name,
          ...(durability && { durability: { ...durability, timeoutMs: 1_000 } }),
        }),
        { cluster, nodeId, incarnation, clock, random: systemRandom, logger: silentLogger },
        { time: () => Date.now() + offsetMs },
      );
      await backend.open();
      backends.push(backend);
      return backend;
    },
    advance: async (ms) => {
      offsetMs += ms;
    },
    settle: () => pause(2),
    restart: async () => {
      await (await primary()).restart();
      for (const backend of backends) {
        while (backend.health().state === "connecting") await pause(2);
      }
      // A primary begins another history when its first replica comes.
      await caughtUp();
    },
    loseData: async () => {
      await (await primary()).command("FLUSHALL");
    },
    rewind: async (ms) => {
      offsetMs -= ms;
    },
    setReplicas,
    close: async () => {
      set.servers[1]?.thaw();
      for (const backend of backends) await backend.close();
    },
  };
};

runConformance({ describe, test }, makeContext, { title: "redis sentinel" });
