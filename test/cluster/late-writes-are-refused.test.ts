import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1: the network holds what the old owner had sent and brings it when others own the shards. */
test("commits that arrive after others took the shards over are refused", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"], { workers: 16, pauseMs: 0 });
  for (let round = 1; round <= 2; round++) {
    const acked = load.acked;
    await cluster.waitUntil(
      "the load runs",
      () => load.acked,
      (now) => now > acked + 1_000,
    );
    cluster.cut("web-3");
    await cluster.waitUntil(
      "the others own every shard",
      async () => [...new Set((await cluster.ownersOf()).values())].sort(),
      (owners) => owners.join() === "web-1,web-2",
    );
    const taken = load.acked;
    await cluster.waitUntil(
      "the new owners work",
      () => load.acked,
      (now) => now > taken + 500,
    );
    cluster.heal("web-3");
    await cluster.settled("web-1", "web-2", "web-3");
  }
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject(nothingWrong);
}, 90_000);
