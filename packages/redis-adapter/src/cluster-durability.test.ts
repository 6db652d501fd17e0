/** Waiting for replicas on a Redis Cluster: those of the primary that has the write, and no others. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { ShardId } from "@muster/core/ports";
import {
  type ClusterServer,
  type RedisCluster,
  startRedisCluster,
} from "../../../test/kit/redis-cluster.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { claimShard, commit, joinNode, makeBackend } from "../test-kit/backend.ts";
import { useReplicas } from "../test-kit/use-everything.ts";
import type { RedisBackend } from "./redis-backend.ts";

let redis: RedisCluster;
const open: RedisBackend[] = [];
const frozen: ClusterServer[] = [];
beforeAll(async () => {
  // A replica that stands still for a moment does not count as failed.
  redis = await startRedisCluster({ primaries: 2, replicas: 1, nodeTimeoutMs: 10_000 });
}, 60_000);
afterEach(async () => {
  for (const server of frozen.splice(0)) server.thaw();
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => redis.stop());

const connect = async (cluster: string): Promise<RedisBackend> => {
  const durability = { replicas: 1, timeoutMs: 500 };
  const backend = makeBackend({ cluster: redis.addresses, durability }, { cluster });
  open.push(backend);
  await backend.open();
  return backend;
};
const primaryOf = async (cluster: string, shard: ShardId): Promise<ClusterServer> =>
  redis.ownerOf(await redis.slotOf(`{${cluster}:${shard}}`));

/** Freezes the replica of a primary; which one it is spreads among the servers. */
const freezeReplica = async (primary: ClusterServer): Promise<ClusterServer> => {
  const replicas = await waitUntil(
    "the replica is known",
    () => redis.replicasOf(primary),
    ({ length }) => length > 0,
  );
  const [replica] = replicas as [ClusterServer];
  await replica.freeze();
  frozen.push(replica);
  return replica;
};

test("each shard waits for the replica of its own primary alone, which is told by name", async () => {
  const backend = await connect("test");
  const { datasetId } = await joinNode(backend);
  const shards: readonly ShardId[] = [0, 1, 2, 3];
  const at = await Promise.all(shards.map((shard) => primaryOf("test", shard)));
  const [first] = at;
  const other = shards.find((shard) => at[shard]?.id !== first?.id);
  if (!first || other === undefined) throw new Error("All shards lie at one primary.");
  const claims = [
    await claimShard(backend, datasetId, 0),
    await claimShard(backend, datasetId, other),
  ];
  const commits = async (seq: number) => {
    const answers = await Promise.all(claims.map((claim) => commit(backend, claim, seq)));
    return answers.map((answer) => answer.kind === "committed" && (answer.durability ?? "had"));
  };
  // A replica that was just given the data is sent nothing more for up to a second.
  let seq = 0;
  await waitUntil(
    "both replicas follow",
    () => commits(++seq),
    (answers) => answers.every((answer) => answer === "had"),
  );
  const replica = await freezeReplica(first);
  expect(await commits(++seq)).toEqual(["short", "had"]);
  const short = () => backend.health().findings.filter(({ code }) => code === "REPLICAS_SHORT");
  expect(short()).toHaveLength(1);
  expect(short()[0]?.message).toContain(first.address);
  replica.thaw();
  expect(await commits(++seq)).toEqual(["had", "had"]);
  expect(short()).toEqual([]);
});

test("rows and answers are published once the replica has the commit", async () => {
  await useReplicas(await connect("published"));
});

test("a slot that is on its way is waited for where its keys are", async () => {
  const backend = await connect("moving");
  const { datasetId } = await joinNode(backend);
  const claim = await claimShard(backend, datasetId, 0);
  expect(await commit(backend, claim, 1)).toEqual({ kind: "committed" });
  const slot = await redis.slotOf("{moving:0}");
  const from = await redis.ownerOf(slot);
  const to = (await redis.primaries()).find(({ id }) => id !== from.id);
  if (!to) throw new Error("There is one primary only.");
  const move = await redis.beginMove(slot, to);
  expect(await move.moveKeys()).toBe(0);
  expect(await commit(backend, claim, 2)).toMatchObject({ kind: "history" });
  await move.finish();
  const anew = await claimShard(backend, datasetId, 0, claim.claimId);
  expect(await commit(backend, anew, 1)).toEqual({ kind: "committed" });
  await freezeReplica(to);
  expect(await commit(backend, anew, 2)).toMatchObject({ durability: "short" });
});
