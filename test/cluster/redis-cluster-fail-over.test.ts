import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, nothingWrong, startLoadOn } from "../kit/load.ts";
import { type ClusterServer, type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";

let redis: RedisCluster;
let cluster: TestCluster;
beforeAll(async () => {
  redis = await startRedisCluster({ replicas: 1 });
  cluster = await startCluster({ redisCluster: redis });
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
}, 60_000);
afterAll(async () => {
  await cluster.close();
  await redis.stop();
});

const more = (load: Load, count: number, fact: string) => {
  const before = load.acked;
  return cluster.waitUntil(
    fact,
    () => load.acked,
    (now) => now > before + count,
    { deadlineMs: 30_000 },
  );
};
const begin = () =>
  startLoadOn(cluster, ["web-1", "web-2", "web-3"], { repeat: true, timeoutMs: 1_000 });
const nothingMissing = async (load: Load) => {
  const report = await load.verify("web-2");
  expect(report).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
};
/** All that a primary was told, its replica has. */
const caughtUp = async (primary: ClusterServer, replica: ClusterServer): Promise<void> => {
  const offset = async (server: ClusterServer) =>
    /(?:master|slave)_repl_offset:(\d+)/.exec(await server.command("INFO", "replication"))?.[1];
  await cluster.waitUntil(
    "the replica has everything",
    async () => [await offset(primary), await offset(replica)],
    ([there, here]) => there === here,
  );
};

/** I1 to I4. */
test("primaries that hand over to their replicas under load lose and double nothing", async () => {
  const load = await begin();
  await more(load, 500, "the load runs");
  for (const primary of await redis.primaries()) {
    const [replica] = await redis.replicasOf(primary);
    await replica?.command("CLUSTER", "FAILOVER");
    await cluster.waitUntil("the replica is the primary", async () =>
      (await redis.primaries()).some(({ id }) => id === replica?.id),
    );
    await more(load, 200, "the load runs on");
  }
  await cluster.settled("web-1", "web-2", "web-3");
  await load.stop();
  await nothingMissing(load);
}, 90_000);

/** I2, I6. What the replica had was everything: no load runs while the primary dies. */
test("a primary that is killed is replaced by its replica, and everything goes on with its data", async () => {
  const load = await begin();
  await more(load, 500, "the load runs");
  await load.stop();
  const own = await redis.ownerOf(await redis.slotOf(`{${cluster.name}}`));
  for (const victim of (await redis.primaries())
    .filter(({ id }) => id !== own.id)
    .slice(0, 1)
    .concat(own)) {
    const [replica] = await redis.replicasOf(victim);
    if (!replica) throw new Error("The primary has no replica.");
    await victim.command("CLIENT", "PAUSE", "10000", "WRITE");
    await caughtUp(victim, replica);
    await victim.end("kill");
    await cluster.waitUntil(
      "the replica was promoted",
      () => replica.command("ROLE"),
      (role) => role.includes("master"),
      { deadlineMs: 20_000 },
    );
    await cluster.settled("web-1", "web-2", "web-3");
  }
  await nothingMissing(load);
  const after = await begin();
  await more(after, 500, "the load runs on");
  await after.stop();
  await nothingMissing(after);
  for (const server of redis.servers.filter(({ pid }) => pid === 0)) await server.begin();
  await redis.healthy();
}, 120_000);
