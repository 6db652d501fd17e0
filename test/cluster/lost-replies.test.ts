import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I2, I3, I5: the work was done, its answer is lost, the connection breaks. */
test("hundreds of replies lost after the work was done apply nothing twice and leave nothing open", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 300,
  );
  const lossy = ["web-1", "web-2"] as const;
  for (const id of lossy) cluster.swallow(id, 100);
  await cluster.waitUntil(
    "two hundred replies are lost",
    () => lossy.map((id) => cluster.proxy(id).swallowed),
    (counts) => counts.every((count) => count === 100),
    { deadlineMs: 60_000 },
  );
  const acked = load.acked;
  await cluster.waitUntil(
    "the load goes on",
    () => load.acked,
    (now) => now > acked + 500,
  );
  await load.stop();
  expect(await load.verify("web-3")).toMatchObject(nothingWrong);
}, 90_000);
