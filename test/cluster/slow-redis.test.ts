import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test("a node whose Redis answers 200 ms late stays up, keeps its shards and works on", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  const before = await cluster.still();
  cluster.slow("web-2", 200);
  const slowed = load.acked;
  await holdsFor(
    "web-2 is up and no shard moves",
    3_000,
    async () => ({
      up: (await cluster.node("web-1").status()).nodes.up,
      same: (await cluster.ownership()).join() === before.join(),
    }),
    ({ up, same }) => up === 3 && same,
  );
  expect(load.acked).toBeGreaterThan(slowed);
  expect(await cluster.judgedGone()).toBe(0);
  cluster.heal("web-2");
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);
