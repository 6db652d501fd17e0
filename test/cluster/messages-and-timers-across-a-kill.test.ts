import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

const keysOf = async (id: string): Promise<readonly string[]> =>
  ((await cluster.node("web-1").ask(id, "read")) as { keys: readonly string[] }).keys;

test("messages between actors and timers take effect once when owners are killed meanwhile", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const forwards = Array.from({ length: 200 }, (_, n) => `f-${n}`);
  const reminders = Array.from({ length: 100 }, (_, n) => `r-${n}`);
  const node = cluster.node("web-1");
  await Promise.all(
    reminders.map((key, n) =>
      node.ask(`timer-${n % 20}`, "remind", { key, afterMs: 500 + n * 5 }, { idempotencyKey: key }),
    ),
  );
  const sent = forwards.map((key, n) =>
    node
      .ask(`from-${n % 20}`, "forward", { key, to: `to-${n % 17}` }, { idempotencyKey: key })
      .then(
        () => key,
        () => undefined,
      ),
  );
  await cluster.kill("web-2");
  const acked = (await Promise.all(sent)).filter((key) => key !== undefined);
  await cluster.settled("web-1", "web-3");

  const all = async (prefix: string, count: number): Promise<readonly string[]> =>
    (await Promise.all(Array.from({ length: count }, (_, n) => keysOf(`${prefix}-${n}`)))).flat();
  await cluster.waitUntil(
    "every timer has fired",
    () => all("timer", 20),
    (seen) => reminders.every((key) => seen.includes(key)),
  );
  await cluster.waitUntil(
    "every message has arrived",
    () => all("to", 17),
    (seen) => acked.every((key) => seen.includes(key)),
  );
  expect((await all("timer", 20)).toSorted()).toEqual(reminders.toSorted());
  const arrived = await all("to", 17);
  expect(arrived).toHaveLength(new Set(arrived).size);
  expect(acked.length).toBeGreaterThan(100);
}, 60_000);
