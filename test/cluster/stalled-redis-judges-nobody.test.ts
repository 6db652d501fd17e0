import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test("a Redis that stalls for 3 s makes no node suspect and moves no shard", async () => {
  const [first] = await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const before = await cluster.still();
  const states = async () => (await first?.nodes())?.items.map(({ state }) => state) ?? [];

  await cluster.redis.freeze();
  await holdsFor("no node is suspect while Redis stalls", 3_000, states, (seen) =>
    seen.every((state) => state === "up"),
  );
  cluster.redis.thaw();
  await cluster.waitUntil("a command is answered again", () =>
    cluster.node("web-2").ask("l-1", "put", { key: "k" }),
  );
  await cluster.waitUntil("the node asked has heard from Redis again", () => cluster.ownership());
  await holdsFor(
    "no node is suspect and no shard moves after the stall",
    3_000,
    async () => ({
      states: await states(),
      ownership: await cluster.ownership(),
    }),
    (seen) =>
      seen.states.every((state) => state === "up") && seen.ownership.join() === before.join(),
  );
  expect(before.length).toBeGreaterThan(0);
  expect(await cluster.judgedGone()).toBe(0);
}, 60_000);
