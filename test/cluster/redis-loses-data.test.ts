import { afterEach, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, type LoadReport, shardOfLedger, startLoadOn } from "../kit/load.ts";

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

/** Every shard of which something acknowledged is gone is named by every node, and no node is well. */
const expectTold = async ({ lost, losers, doubled }: LoadReport, also: readonly string[] = []) => {
  expect(lost.length).toBeGreaterThan(0);
  expect(doubled).toEqual([]);
  const subjects = [...new Set([...losers.map(shardOfLedger), ...also])];
  for (const node of cluster.nodes()) {
    await cluster.waitUntil(
      `${node.id} names ${subjects.join(", ")}`,
      async () => (await node.losses()).items.map(({ subject }) => subject),
      (named) => subjects.every((subject) => named.includes(subject)),
    );
    const { verdict, reasons } = await node.status();
    expect(verdict).toBe("degraded");
    expect(reasons.join()).toMatch(/data of shard \d+ was lost: .*commit/);
  }
  await cluster.node("web-3").do({ do: "acknowledgeLosses" });
  for (const node of cluster.nodes()) {
    await cluster.waitUntil(
      `${node.id} is well once that was acknowledged`,
      () => node.status(),
      ({ verdict }) => verdict === "healthy",
    );
  }
};

test("a Redis without persistence that restarts under load: every shard that lost data is named", async () => {
  cluster = await startCluster();
  const report = await loseUnderLoad(() => cluster.redisRestart("kill", 200));
  await expectTold(report, ["cluster"]);
}, 60_000);

test("a Redis that comes back from an old snapshot: what was acknowledged since is told as lost", async () => {
  cluster = await startCluster();
  const report = await loseUnderLoad(async (load) => {
    await cluster.redis.command("SAVE");
    await acknowledges(load, 300);
    await cluster.redisRestart("kill", 200);
  });
  await expectTold(report);
}, 60_000);
