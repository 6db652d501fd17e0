import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1 to I4. */
test("after kill -9 under load acknowledged commands are in the state exactly once", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );

  await cluster.kill("web-2");
  const killed = load.acked;
  await cluster.settled("web-1", "web-3");
  await cluster.waitUntil(
    "new owners answer",
    () => load.acked,
    (acked) => acked > killed + 500,
  );
  await load.stop();
  const report = await load.verify("web-3");
  expect(report).toMatchObject(nothingWrong);
  expect(report.acked).toBeGreaterThan(1_000);
}, 60_000);

test("a load that repeats with its keys has every command applied once across another kill", async () => {
  await cluster.start("web-2");
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-3"], { repeat: true, timeoutMs: 1_000 });
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 300,
  );
  await cluster.kill("web-2");
  await cluster.settled("web-1", "web-3");
  const settled = load.acked;
  await cluster.waitUntil(
    "new owners answer",
    () => load.acked,
    (acked) => acked > settled + 300,
  );
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);

test("what a killed node had sent and the network brings late is refused, and nothing acknowledged is missing", async () => {
  await cluster.start("web-2");
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"], { pauseMs: 0 });
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );
  cluster.cut("web-2");
  const cut = load.acked;
  await cluster.waitUntil(
    "web-2 has had time to acknowledge what it could not commit",
    () => load.acked,
    (acked) => acked > cut + 200,
  );
  await cluster.kill("web-2");
  await cluster.settled("web-1", "web-3");
  cluster.heal("web-2");
  const settled = load.acked;
  await cluster.waitUntil(
    "new owners answer",
    () => load.acked,
    (acked) => acked > settled + 500,
  );
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject(nothingWrong);
}, 60_000);
