import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";

const names = ["web-1", "web-2", "web-3"];
let redis: RedisCluster;
let cluster: TestCluster;
beforeAll(async () => {
  redis = await startRedisCluster({ replicas: 1 });
  cluster = await startCluster({
    redisCluster: redis,
    durability: { replicas: 1, timeoutMs: 500 },
  });
  await cluster.startAll(3);
  await cluster.settled(...names);
}, 60_000);
afterAll(async () => {
  for (const server of redis.servers) server.thaw();
  await cluster.close();
  await redis.stop();
});

/** I2, I3. */
test("where callers wait for replicas, a primary of a Redis Cluster that dies takes nothing acknowledged with it", async () => {
  const load = await startLoadOn(cluster, names);
  await load.more(500, { deadlineMs: 20_000 });
  const own = await redis.ownerOf(await redis.slotOf(`{${cluster.name}}`));
  const victim = (await redis.primaries()).find(({ id }) => id !== own.id);
  const [replica] = victim ? await redis.replicasOf(victim) : [];
  if (!victim || !replica) throw new Error("No primary with a replica may die.");
  // From here on the replica gets nothing: what is written now is lost with its primary.
  await replica.freeze();
  await cluster.waitUntil(
    "callers of its shards are told that outcomes are unknown",
    () => load.unknown,
    (unknown) => unknown > 10,
  );
  await victim.end("kill");
  replica.thaw();
  await cluster.waitUntil(
    "the replica was promoted",
    () => replica.command("ROLE"),
    (role) => role.includes("master"),
    { deadlineMs: 20_000 },
  );
  await load.stop();
  await cluster.settled(...names);
  const report = await load.verify("web-2");
  expect(report.acked).toBeGreaterThan(500);
  expect(report).toMatchObject(nothingWrong);
}, 90_000);
