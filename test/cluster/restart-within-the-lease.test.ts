import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1 to I4, I6: the new process finds the record and the claims of the one it replaces. */
test("a node killed under load and back before its lease ends takes part again, and nothing is lost or doubled", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-3"], { repeat: true, timeoutMs: 1_000 });
  for (let round = 1; round <= 2; round++) {
    await load.more(300);
    await cluster.kill("web-2");
    await cluster.start("web-2");
    await cluster.settled("web-1", "web-2", "web-3");
    await load.more(300);
  }
  await load.stop();
  expect(await load.verify("web-2")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);
