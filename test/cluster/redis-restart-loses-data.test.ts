import { afterEach, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, nothingWrong, startLoadOn } from "../kit/load.ts";
import { stretch } from "../kit/stretch.ts";

let cluster: TestCluster;
afterEach(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;
const load = (): Promise<Load> => startLoadOn(cluster, ids, { repeat: true, timeoutMs: 1_000 });

/** Kills Redis under load; what it had not kept is gone when it is back. */
const loseData = async (): Promise<Load> => {
  const before = await load();
  await before.more(300);
  await cluster.redisRestart("kill", 300);
  const back = performance.now();
  await before.more(20);
  expect(performance.now() - back).toBeLessThan(stretch(2_000));
  await before.more(300);
  await cluster.settled(...ids);
  await before.stop();
  return before;
};
/** I2, I5, I6: from here on everything is as promised again. */
const goesOn = async (): Promise<void> => {
  const after = await load();
  await after.more(300);
  await after.stop();
  const promised = { ...nothingWrong, unknown: 0, notApplied: 0 };
  expect(await after.verify("web-1")).toMatchObject(promised);
};

test("a Redis that comes back empty costs the data and nothing else, and every node says so", async () => {
  cluster = await startCluster();
  await cluster.startAll(3);
  await cluster.settled(...ids);
  const report = await (await loseData()).verify("web-1");
  expect(report.lost.length).toBeGreaterThan(100);
  expect(report).toMatchObject({ doubled: [], reordered: [], unknown: 0, notApplied: 0 });
  for (const node of cluster.nodes()) {
    const { verdict, reasons } = await node.status();
    expect(verdict).toBe("degraded");
    expect(reasons.join()).toMatch(/lost/);
  }
  await goesOn();
}, 60_000);

test("a Redis that comes back with an older state is taken as it is, and the cluster goes on from there", async () => {
  cluster = await startCluster({ redis: { args: ["--save", "3600 1"] } });
  await cluster.startAll(3);
  await cluster.settled(...ids);
  await cluster.node("web-1").ask("kept", "put", { key: "in the snapshot" });
  await cluster.redis.command("SAVE");
  const report = await (await loseData()).verify("web-1");
  expect(report.lost.length).toBeGreaterThan(100);
  expect(report).toMatchObject({ doubled: [], reordered: [], unknown: 0, notApplied: 0 });
  expect(await cluster.node("web-3").ask("kept", "read")).toMatchObject({
    keys: ["in the snapshot"],
  });
  await goesOn();
}, 60_000);
