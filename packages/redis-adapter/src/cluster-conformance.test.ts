/** The ports' conformance suite against a private Redis Cluster of three primaries. */
import { afterAll, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import { silentLogger, systemClock, systemRandom } from "@muster/core/ports";
import { type ConformanceContext, runConformance } from "@muster/core/testing";
import { type RedisCluster, startRedisCluster } from "../../../test/kit/redis-cluster.ts";
import { resolveRedisOptions } from "./options.ts";
import { RedisBackend } from "./redis-backend.ts";

// Servers of a Cluster that restarted take seconds to agree that all is well.
setDefaultTimeout(30_000);

let redis: RedisCluster;
let clusters = 0;

beforeAll(async () => {
  redis = await startRedisCluster();
});
afterAll(() => redis.stop());

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
    open: async ({ nodeId, incarnation }) => {
      const backend = new RedisBackend(
        resolveRedisOptions({ cluster: redis.addresses }),
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
    settle: () => pause(5),
    restart: async () => {
      await Promise.all(redis.servers.map((server) => server.restart()));
      await redis.healthy();
      for (const backend of backends) {
        while (backend.health().state === "connecting") await pause(2);
      }
    },
    loseData: () => redis.everywhere("FLUSHALL"),
    rewind: async (ms) => {
      offsetMs -= ms;
    },
    close: async () => {
      for (const backend of backends) await backend.close();
    },
  };
};

runConformance({ describe, test }, makeContext, {
  title: "redis cluster",
  without: ["setReplicas"],
});
