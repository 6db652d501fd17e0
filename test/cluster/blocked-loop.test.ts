import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { stretchedLease } from "../kit/stretch.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1: after the block the node finds out what it lost before it acts. */
test("a node whose event loop is blocked past its lease fences itself and comes back", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 300,
  );
  const blocked = cluster.blockLoop("web-2", stretchedLease().leaseMs * 2);
  await cluster.waitUntil(
    "the others take its shards",
    async () => [...new Set((await cluster.ownersOf()).values())].sort(),
    (owners) => owners.join() === "web-1,web-3",
  );
  await blocked;
  await cluster.settled("web-1", "web-2", "web-3");
  const back = load.acked;
  await cluster.waitUntil(
    "all three work",
    () => load.acked,
    (acked) => acked > back + 500,
  );
  await load.stop();
  expect(await load.verify("web-2")).toMatchObject(nothingWrong);
}, 60_000);
