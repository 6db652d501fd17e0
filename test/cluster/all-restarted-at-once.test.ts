import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;
const loads: Load[] = [];
const underLoad = async (): Promise<void> => {
  await cluster.startAll(3);
  await cluster.settled(...ids);
  const load = await startLoadOn(cluster, ids);
  await load.more(500);
  loads.push(load);
};

/** I2, I3, I6. */
test("a cluster whose nodes all end at once, killed or stopped, goes on where it was", async () => {
  await underLoad();
  await cluster
    .node("web-1")
    .ask("timer", "remind", { key: "while-away", afterMs: 300 }, { idempotencyKey: "r" });
  await Promise.all(ids.map((id) => cluster.kill(id)));
  await underLoad();
  expect(await Promise.all(ids.map((id) => cluster.stop(id)))).toEqual([0, 0, 0]);
  await underLoad();
  for (const load of loads) {
    await load.stop();
    expect(await load.verify("web-2")).toMatchObject(nothingWrong);
  }
  expect(await cluster.node("web-3").ask("timer", "read")).toMatchObject({ keys: ["while-away"] });
}, 60_000);
