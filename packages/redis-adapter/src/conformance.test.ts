/** The ports' conformance suite against a private Redis. */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { silentLogger, systemClock, systemRandom } from "@muster/core/ports";
import { type ConformanceContext, runConformance } from "@muster/core/testing";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { resolveRedisOptions } from "./options.ts";
import { RedisBackend } from "./redis-backend.ts";

let server: RedisServer;
let clusters = 0;

beforeAll(async () => {
  server = await startRedisServer({ aof: true });
});
afterAll(() => server.stop());

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
        resolveRedisOptions({ url: server.url }),
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
      await server.restart();
      for (const backend of backends) {
        while (backend.health().state === "connecting") await pause(2);
      }
    },
    loseData: async () => {
      await server.command("FLUSHALL");
    },
    rewind: async (ms) => {
      offsetMs -= ms;
    },
    close: async () => {
      for (const backend of backends) await backend.close();
    },
  };
};

runConformance({ describe, test }, makeContext, { title: "redis" });
