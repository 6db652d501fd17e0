/** The ports' conformance suite on one server of its own and a replica of it. */
import { afterAll, beforeAll, type describe, type test } from "bun:test";
import { silentLogger, systemClock, systemRandom } from "@muster/core/ports";
import { type ConformanceContext, runConformance } from "@muster/core/testing";
import { caughtUp, primaryArgs, startReplica } from "../../../test/kit/redis-replica.ts";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { resolveRedisOptions } from "../src/options.ts";
import { RedisBackend } from "../src/redis-backend.ts";

export interface OneServerSuite {
  readonly title: string;
  /** @defaultValue as the test kit finds it */
  readonly binary?: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Registers the suite; call it where tests are collected. */
export const runOnOneServer = (
  runner: { readonly describe: typeof describe; readonly test: typeof test },
  { title, binary }: OneServerSuite,
): void => {
  const which = binary === undefined ? {} : { binary };
  let server: RedisServer;
  /** Started by the first case that asks for it. */
  let replica: RedisServer | undefined;
  let clusters = 0;

  beforeAll(async () => {
    server = await startRedisServer({ aof: true, args: primaryArgs, ...which });
  });
  afterAll(async () => {
    await replica?.stop();
    await server.stop();
  });

  /** The replica follows, or stands still with its connection open. */
  const setReplicas = async (count: 0 | 1): Promise<void> => {
    replica ??= await startReplica(server, which);
    if (count === 0) {
      await replica.freeze();
      return;
    }
    replica.thaw();
    await caughtUp(server, replica);
  };

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
            url: server.url,
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
      setReplicas,
      close: async () => {
        replica?.thaw();
        for (const backend of backends) await backend.close();
      },
    };
  };

  runConformance(runner, makeContext, { title });
};
