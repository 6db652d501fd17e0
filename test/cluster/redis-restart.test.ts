import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { stretch } from "../kit/stretch.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ redis: { aof: true } });
});
afterAll(() => cluster.close());

test("a Redis killed under load and back with its AOF makes no node suspect and loses nothing", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );
  await cluster.redisRestart("kill", 500);
  const back = performance.now();
  const acked = load.acked;
  await cluster.waitUntil(
    "commands are answered again",
    () => load.acked,
    (now) => now > acked + 20,
  );
  expect(performance.now() - back).toBeLessThan(stretch(2_000));
  for (const node of cluster.nodes()) {
    expect((await node.nodes()).items.map(({ state }) => state)).toEqual(["up", "up", "up"]);
  }
  await cluster.settled("web-1", "web-2", "web-3");
  expect(await cluster.judgedGone()).toBe(0);
  for (const node of cluster.nodes()) {
    // Views are listed anew after a change of history: only then does a node judge.
    const judged = await cluster.waitUntil(
      "a node judges from fresh views",
      () => node.status(),
      ({ stale }) => !stale,
    );
    expect(judged).toMatchObject({ verdict: "healthy", reasons: [] });
    expect((await node.losses()).items).toEqual([]);
  }
  await load.stop();
  expect(await load.verify("web-2")).toMatchObject(nothingWrong);
}, 60_000);
