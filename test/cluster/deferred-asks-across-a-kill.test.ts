import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ witnessDelayMs: 300 });
});
afterAll(() => cluster.close());

interface Ledger {
  readonly keys: readonly string[];
  readonly witnessed: readonly string[];
}

/** The witness takes its time, so that the owner is killed between the turn and its answer. */
test("asks that wait for an effect are answered by the next owner when theirs is killed", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const node = cluster.node("web-1");
  const keys = Array.from({ length: 90 }, (_, n) => `d-${n}`);
  const actorOf = (n: number) => `deferred-${n % 18}`;
  const ask = (key: string, n: number) =>
    node.ask(
      actorOf(n),
      "putAwaited",
      { key },
      { idempotencyKey: key, timeoutMs: 30_000 },
    ) as Promise<number>;
  const asked = keys.map((key, n) => ask(key, n).catch(() => "unknown" as const));
  await cluster.waitUntil(
    "effects are under way on the node to be killed",
    () => cluster.witness.records.filter(({ node: at }) => at === "web-2").length,
    (count) => count > 8,
    { everyMs: 2 },
  );
  await cluster.kill("web-2");
  const answers = await Promise.all(asked);
  await cluster.settled("web-1", "web-3");
  expect(answers.filter((answer) => typeof answer === "number").length).toBeGreaterThan(60);
  // Who was not told asks again under the same key: it joins, or gets the answer that was kept.
  const final = await Promise.all(
    keys.map((key, n) => (answers[n] === "unknown" ? ask(key, n) : answers[n])),
  );
  expect(final.every((answer) => typeof answer === "number" && answer > 0)).toBe(true);

  const states = (await Promise.all(
    Array.from({ length: 18 }, (_, n) => node.ask(actorOf(n), "read")),
  )) as readonly Ledger[];
  expect(states.flatMap((state) => state.keys).toSorted()).toEqual(keys.toSorted());
  expect(states.flatMap((state) => state.witnessed).toSorted()).toEqual(keys.toSorted());
  expect(keys.some((key) => cluster.witness.times(key) > 1)).toBe(true);
}, 60_000);
