import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test("a graceful stop under load loses nothing, doubles nothing and leaves nothing unknown", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2"]);
  const own = await startLoadOn(cluster, ["web-3"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );
  await own.more(100);
  expect(await cluster.stop("web-3")).toBe(0);
  const stopped = load.acked;
  await cluster.settled("web-1", "web-2");
  await cluster.waitUntil(
    "the others answer",
    () => load.acked,
    (acked) => acked > stopped + 500,
  );

  await cluster.start("web-3");
  await cluster.settled("web-1", "web-2", "web-3");
  const joined = load.acked;
  await cluster.waitUntil(
    "all three answer",
    () => load.acked,
    (acked) => acked > joined + 500,
  );
  await load.stop();
  expect(await load.verify("web-3")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });

  const callers = await own.verify("web-1");
  expect(callers).toMatchObject({ ...nothingWrong, unknown: 0 });
  expect(Object.keys(callers.codes).filter((code) => code !== "STOPPED")).toEqual([]);
}, 60_000);
