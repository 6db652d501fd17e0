/** Any sequence of calls and mishaps is answered alike by Redis and by the memory backend. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { compareSides } from "../test-kit/differential/compare.ts";
import { Side } from "../test-kit/differential/side.ts";
import { sequences } from "../test-kit/differential/steps.ts";
import { memoryStore, redisStore } from "../test-kit/differential/store.ts";

let server: RedisServer;
let redis: Side;
let memory: Side;
beforeAll(async () => {
  server = await startRedisServer({ args: ["--enable-debug-command", "local"] });
  redis = new Side(redisStore(server.url));
  memory = new Side(memoryStore());
});
afterAll(async () => {
  await redis.end();
  await memory.end();
  await server.stop();
});

const setting = (name: string): number | undefined => {
  const value = process.env[`DIFFERENTIAL_${name}`];
  return value === undefined ? undefined : Number(value);
};
const seed = setting("SEED") ?? Math.trunc(Math.random() * 2 ** 31);
const path = process.env["DIFFERENTIAL_PATH"];
const runs = setting("RUNS");

test("Redis and memory answer any sequence of calls alike", async () => {
  let done = 0;
  const details = await fc.check(
    fc.asyncProperty(sequences(60), async (steps) => {
      done += 1;
      const outcome = await compareSides(redis, memory, steps);
      if (outcome === "alike") return;
      const { after, at, differences } = outcome;
      const told = differences.slice(0, 12).join("\n  ");
      throw new Error(`At step ${at}, ${JSON.stringify(after)}:\n  ${told}`);
    }),
    {
      seed,
      numRuns: runs ?? 100,
      ...(path !== undefined && { path }),
      // On a machine that is busy it does less rather than to take longer.
      ...(runs === undefined && { interruptAfterTimeLimit: 12_000 }),
      endOnFailure: false,
    },
  );
  console.log(`${done} sequences from seed ${seed}`);
  if (details.failed) {
    const replay = `DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_PATH=${details.counterexamplePath} bun test packages/redis-adapter/src/differential.test.ts`;
    const steps = (details.counterexample?.[0] ?? []).map((step) => JSON.stringify(step));
    const where = details.errorInstance instanceof Error ? details.errorInstance.message : "";
    throw new Error(`Redis and memory part after\n  ${steps.join("\n  ")}\n${where}\n${replay}`);
  }
  expect(done).toBeGreaterThan(0);
}, 600_000);
