import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1: what the thawed node still had in hand would overwrite what the new owners wrote. */
test("an owner frozen past its lease gets every write refused when it thaws", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );

  cluster.freeze("web-3");
  await cluster.waitUntil(
    "the others own every shard",
    async () => [...new Set((await cluster.ownersOf()).values())],
    (owners) => owners.every((owner) => owner === "web-1" || owner === "web-2"),
  );
  const taken = load.acked;
  await cluster.waitUntil(
    "the new owners work on",
    () => load.acked,
    (acked) => acked > taken + 500,
  );
  cluster.thaw("web-3");
  await cluster.settled("web-1", "web-2", "web-3");
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject(nothingWrong);
  expect(await load.verify("web-3")).toMatchObject(nothingWrong);
}, 90_000);
