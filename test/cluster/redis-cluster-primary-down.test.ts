import { afterAll, beforeAll, expect, test } from "bun:test";
import { shardOf } from "@muster/core/ports";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { type Load, nothingWrong, startLoadOn } from "../kit/load.ts";
import { type ClusterServer, type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";

let redis: RedisCluster;
let cluster: TestCluster;
beforeAll(async () => {
  redis = await startRedisCluster();
  cluster = await startCluster({ redisCluster: redis });
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
}, 60_000);
afterAll(async () => {
  await cluster.close();
  await redis.stop();
});

const ownerOf = async (tag: string): Promise<ClusterServer> =>
  redis.ownerOf(await redis.slotOf(`{${tag}}`));
/** The primary of what belongs to the whole cluster. */
const home = () => ownerOf(cluster.name);
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
const end = async (load: Load) => {
  await cluster.settled("web-1", "web-2", "web-3");
  await load.stop();
  const report = await load.verify("web-2");
  expect(report).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
};

/** I1 to I4, I6. */
test("a primary that is killed and comes back holds up its own shards alone, and loses nothing", async () => {
  const load = await begin();
  await more(load, 500, "the load runs");
  const owners = await Promise.all(
    Array.from({ length: 16 }, async (_, shard) => ownerOf(`${cluster.name}:${shard}`)),
  );
  const at = await home();
  const victim = owners.find(({ id }) => id !== at.id) as ClusterServer;
  await victim.end("kill");
  // Actors of all shards are asked; those elsewhere answer as if nothing had happened.
  const isUp = (id: string) => owners[shardOf(id, owners.length)]?.id !== victim.id;
  const ids = Array.from({ length: 60 }, (_, n) => `n-${n}`);
  const answered = await Promise.all(
    ids.map((id) =>
      cluster
        .node("web-1")
        .ask(id, "put", { key: "k" }, { timeoutMs: 2_000 })
        .then(
          () => true,
          () => false,
        ),
    ),
  );
  expect(ids.filter((_, n) => answered[n])).toEqual(ids.filter(isUp));
  for (const node of cluster.nodes()) {
    const { items } = await node.nodes();
    expect(items.map(({ state }) => state)).toEqual(["up", "up", "up"]);
  }
  await victim.begin();
  await redis.healthy();
  await more(load, 500, "the load runs on");
  await end(load);
  expect(await cluster.judgedGone()).toBe(0);
}, 90_000);

test("without the primary of the cluster's own records nodes wait, and go on when it is back", async () => {
  const load = await begin();
  await more(load, 300, "the load runs");
  const victim = await home();
  await victim.end("kill");
  for (const { id } of cluster.nodes()) {
    await cluster.waitUntil(
      `${id} says that it cannot reach the cluster`,
      () => cluster.node(id).status(),
      ({ verdict, redis: { state } }) => verdict === "unknown" && state === "connecting",
    );
  }
  await victim.begin();
  await redis.healthy();
  await more(load, 500, "the load runs on");
  await end(load);
}, 90_000);
