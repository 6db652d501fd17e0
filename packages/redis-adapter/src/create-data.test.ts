/** The cluster's data is made once, whoever makes it and whoever dies over it. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { ClaimId, DatasetId, Incarnation, NodeId } from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { claimShard, joinNode, makeBackend, shardCount } from "../test-kit/backend.ts";
import { createKeys } from "./keys.ts";
import type { RedisBackend } from "./redis-backend.ts";

let server: RedisServer;
const open: RedisBackend[] = [];
beforeAll(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => server.stop());

const openBackend = async (cluster: string, name = "web-1"): Promise<RedisBackend> => {
  const backend = makeBackend({ url: server.url }, { cluster, name });
  open.push(backend);
  await backend.open();
  return backend;
};
const allShards = Array.from({ length: shardCount }, (_, shard) => shard);
const own = (cluster: string, shard: number) => createKeys("muster", cluster).shard(shard).own;
const meta = (cluster: string) => createKeys("muster", cluster).cluster.meta;

test("twenty nodes that join at once agree on one dataset with all shards", async () => {
  const names = Array.from({ length: 20 }, (_, i) => `node-${i}`);
  const backends = await Promise.all(names.map((name) => openBackend("race", name)));
  const joined = await Promise.all(backends.map((each, i) => joinNode(each, names[i])));
  const datasets = new Set(joined.map(({ datasetId }) => datasetId));
  expect(datasets.size).toBe(1);
  expect(joined.filter(({ created }) => created).length).toBe(1);
  expect(new Set(joined.map(({ join }) => join)).size).toBe(20);
  for (const shard of allShards) {
    expect(await server.command("HGET", own("race", shard), "dataset")).toBe(
      [...datasets][0] ?? "",
    );
  }
  const [first] = backends;
  expect((await first?.membership.list())?.nodes.length).toBe(20);
});

test("what a creator left half-way is finished by the next", async () => {
  await server.command(
    "HSET",
    meta("half"),
    "dataset",
    "begun",
    "shards",
    "4",
    "state",
    "creating",
  );
  const backend = await openBackend("half");
  const joined = await joinNode(backend);
  expect(joined.datasetId).toBe("begun" as DatasetId);
  expect(joined.created).toBe(false);
  for (const shard of await backend.shards.inspect({ shards: allShards })) {
    expect("kind" in shard).toBe(false);
  }
});

test("a node that asks for other shards than the data being made has is refused", async () => {
  await server.command(
    "HSET",
    meta("count"),
    "dataset",
    "begun",
    "shards",
    "6",
    "state",
    "creating",
  );
  const backend = await openBackend("count");
  const answer = await backend.membership.join({
    nodeId: "web-1" as NodeId,
    incarnation: "life" as Incarnation,
    leaseMs: 1_500,
    shardCount,
    info: { host: "", pid: 1, version: "", runtime: "", weight: 1, ephemeral: false, kinds: [] },
  });
  expect(answer).toEqual({ kind: "mismatch", shardCount: 6 });
});

test("shards that outlived the cluster's own data are adopted with their content", async () => {
  const backend = await openBackend("adopt");
  const first = await joinNode(backend);
  const claim = await claimShard(backend, first.datasetId);
  const { role: _, ...ofCluster } = createKeys("muster", "adopt").cluster;
  await server.command("DEL", ...Object.values(ofCluster));
  const second = await joinNode(backend);
  expect(second.datasetId).not.toBe(first.datasetId);
  expect(second.join).toBeGreaterThan(first.join);
  expect(await backend.shards.check({ claims: [claim] })).toEqual([{ kind: "stands" }]);
  await claimShard(backend, second.datasetId, 1, claim.claimId);
});

test("a node of an earlier dataset claims nothing", async () => {
  const backend = await openBackend("earlier");
  await joinNode(backend);
  const answer = await backend.shards.claim({
    shard: 1,
    claimId: "claim" as ClaimId,
    seen: "none",
    nodeId: "web-1" as NodeId,
    incarnation: "life" as Incarnation,
    datasetId: "another" as DatasetId,
    epochKnown: 0,
    membershipVersion: 1_000,
    notBefore: 0,
    producerFloor: 0,
  });
  expect(answer).toEqual({ kind: "lost" });
});

test("after all data is gone, nodes that join at once make it anew together", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `node-${i}`);
  const backends = await Promise.all(names.map((name) => openBackend("flush", name)));
  const before = await Promise.all(backends.map((each, i) => joinNode(each, names[i])));
  await server.command("FLUSHALL");
  const after = await Promise.all(backends.map((each, i) => joinNode(each, names[i])));
  expect(new Set(after.map(({ datasetId }) => datasetId)).size).toBe(1);
  expect(after[0]?.datasetId).not.toBe(before[0]?.datasetId);
});
