/**
 * A slot that is on its way to another server, held half-way: no script breaks off in the middle, and
 * none has to wait while all its keys are in one place (I1, I2).
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { NodeId } from "@muster/core/ports";
import {
  type RedisCluster,
  type SlotMove,
  startRedisCluster,
} from "../../../test/kit/redis-cluster.ts";
import { makeBackend, shardCount } from "../test-kit/backend.ts";
import { useEverything, useTerm } from "../test-kit/use-everything.ts";
import { createKeys } from "./keys.ts";
import type { RedisBackend } from "./redis-backend.ts";

let redis: RedisCluster;
let backend: RedisBackend;
beforeAll(async () => {
  redis = await startRedisCluster();
  backend = makeBackend({ cluster: redis.addresses });
  await backend.open();
}, 30_000);
afterAll(async () => {
  await backend.close();
  await redis.stop();
});

/** Every slot that the cluster's keys lie in. */
const slots = async (): Promise<readonly number[]> => {
  const keys = createKeys("muster", "test");
  const names = [
    keys.cluster.meta,
    keys.node("web-1" as NodeId).ver,
    ...Array.from({ length: shardCount }, (_, shard) => keys.shard(shard).own),
  ];
  return [...new Set(await Promise.all(names.map((name) => redis.slotOf(name))))];
};
const beginMoves = async (): Promise<readonly SlotMove[]> => {
  const primaries = await redis.primaries();
  return Promise.all(
    (await slots()).map(async (slot) => {
      const from = await redis.ownerOf(slot);
      const to = primaries[(primaries.indexOf(from) + 1) % primaries.length] ?? from;
      return redis.beginMove(slot, to);
    }),
  );
};

test("every script is served while its slot is about to move, when its keys have moved, and afterwards", async () => {
  await useEverything(backend, 1);
  await useTerm(backend);
  const moves = await beginMoves();
  await useEverything(backend, 2);
  for (const move of moves) expect(await move.moveKeys()).toBe(0);
  await useEverything(backend, 3);
  for (const move of moves) await move.finish();
  await useEverything(backend, 4);
  await useTerm(backend);
}, 30_000);

test("what finds its keys in two places waits until they are together again", async () => {
  const moves = await beginMoves();
  for (const move of moves) await move.moveKeys(3);
  const refused = await backend.membership.list().catch((error: unknown) => String(error));
  expect(String(refused)).toContain("TRYAGAIN");
  const listed = backend.membership.list();
  for (const move of moves) await move.moveKeys();
  for (const move of moves) await move.finish();
  expect((await listed).nodes.map(({ id }): string => id)).toEqual(["web-1"]);
  await useEverything(backend, 5);
}, 30_000);
