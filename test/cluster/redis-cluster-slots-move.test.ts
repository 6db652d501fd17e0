import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { type ClusterServer, type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";

let redis: RedisCluster;
let cluster: TestCluster;
beforeAll(async () => {
  redis = await startRedisCluster();
  cluster = await startCluster({ redisCluster: redis });
});
afterAll(async () => {
  await cluster.close();
  await redis.stop();
});

const slotsOf = async (): Promise<readonly number[]> => {
  const tags = [cluster.name, ...Array.from({ length: 16 }, (_, n) => `${cluster.name}:${n}`)];
  return Promise.all(tags.map((tag) => redis.slotOf(`{${tag}}`)));
};
/** Another primary than the one that has the slot now. */
const elsewhere = async (slot: number): Promise<ClusterServer> => {
  const from = await redis.ownerOf(slot);
  const others = (await redis.primaries()).filter(({ id }) => id !== from.id);
  const to = others[slot % others.length];
  if (!to) throw new Error("There is no other primary.");
  return to;
};

/** I1 to I4. */
test("every slot of the cluster moves under load, and nothing is lost, doubled or stuck", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"], {
    repeat: true,
    timeoutMs: 2_000,
  });
  const more = (count: number, fact: string) => {
    const before = load.acked;
    return cluster.waitUntil(
      fact,
      () => load.acked,
      (now) => now > before + count,
    );
  };
  await more(500, "the load runs");
  for (const slot of await slotsOf()) {
    await redis.move(slot, await elsewhere(slot));
    await more(20, `the load runs on after slot ${slot} has moved`);
  }
  await cluster.settled("web-1", "web-2", "web-3");
  await more(500, "the load runs on");
  await load.stop();
  const report = await load.verify("web-2");
  expect(report).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 120_000);
