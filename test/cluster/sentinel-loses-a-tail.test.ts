import { afterEach, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { expectLossesTold } from "../kit/losses-told.ts";
import type { ProgramConfig } from "../kit/program-protocol.ts";
import { type SentinelSet, startSentinelSet } from "../kit/sentinel-set.ts";

const names = ["web-1", "web-2", "web-3"];
let set: SentinelSet;
let cluster: TestCluster;
const begin = async (durability?: ProgramConfig["durability"]): Promise<void> => {
  set = await startSentinelSet({ downAfterMs: 700 });
  cluster = await startCluster({ sentinels: set, ...(durability && { durability }) });
  await cluster.startAll(3);
  await cluster.settled(...names);
};
afterEach(async () => {
  await cluster.close();
  await set.stop();
});

/** Keeps so many replicas behind under load, all without a number, and kills the primary. */
const loseTail = async (behind?: number) => {
  const load = await startLoadOn(cluster, names, { pauseMs: 5, timeoutMs: 2_000 });
  await load.more(300);
  set.replication.hold(behind);
  await load.more(300);
  const former = await set.primary();
  await former.end("kill");
  await set.replaced(former);
  await load.more(200, { deadlineMs: 20_000 });
  await load.stop();
  await cluster.settled(...names);
  return load.verify("web-2");
};

/** I2. */
test("a replica that lagged is promoted: every shard that lost data is named by every node", async () => {
  await begin();
  await expectLossesTold(cluster, await loseTail());
}, 60_000);

/** I2. */
test("where callers wait for a replica, the Sentinels promote the one that has it all, and nothing is lost", async () => {
  await begin({ replicas: 1, timeoutMs: 500 });
  const report = await loseTail(1);
  expect(report.acked).toBeGreaterThan(800);
  expect(report).toMatchObject(nothingWrong);
  expect((await cluster.node("web-1").losses()).items).toEqual([]);
}, 60_000);
