import { afterEach, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, type LoadReport, startLoadOn } from "../kit/load.ts";
import { expectLossesTold } from "../kit/losses-told.ts";

let cluster: TestCluster;
afterEach(() => cluster.close());

const names = ["web-1", "web-2", "web-3"];
const acknowledges = (load: Load, more: number): Promise<number> => {
  const acked = load.acked;
  return cluster.waitUntil(
    `${more} more commands are acknowledged`,
    () => load.acked,
    (now) => now > acked + more,
  );
};

/** Puts load on three nodes, does harm to Redis in the midst of it, and answers what was lost. */
const loseUnderLoad = async (harm: (load: Load) => Promise<void>): Promise<LoadReport> => {
  await cluster.startAll(3);
  await cluster.settled(...names);
  const load = await startLoadOn(cluster, names, { pauseMs: 5, timeoutMs: 2_000 });
  await acknowledges(load, 500);
  await harm(load);
  await acknowledges(load, 200);
  await load.stop();
  await cluster.settled(...names);
  return load.verify("web-2");
};

test("a Redis without persistence that restarts under load: every shard that lost data is named", async () => {
  cluster = await startCluster();
  const report = await loseUnderLoad(() => cluster.redisRestart("kill", 200));
  await expectLossesTold(cluster, report, ["cluster"]);
}, 60_000);

test("a Redis that comes back from an old snapshot: what was acknowledged since is told as lost", async () => {
  cluster = await startCluster();
  const report = await loseUnderLoad(async (load) => {
    await cluster.redis.command("SAVE");
    await acknowledges(load, 300);
    await cluster.redisRestart("kill", 200);
  });
  await expectLossesTold(cluster, report);
}, 60_000);
