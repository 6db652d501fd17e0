import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { ActorKey } from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { bytes, claimShard, commit, joinNode, makeBackend } from "../test-kit/backend.ts";
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

const openBackend = async (cluster: string): Promise<RedisBackend> => {
  const backend = makeBackend({ url: server.url }, { cluster });
  open.push(backend);
  await backend.open();
  return backend;
};

test("calls go on when the server forgets all scripts", async () => {
  const backend = await openBackend("forgets");
  const { datasetId } = await joinNode(backend);
  const claim = await claimShard(backend, datasetId);
  await server.command("SCRIPT", "FLUSH");
  const key = "counter/a" as ActorKey;
  const answers = await Promise.all([
    commit(backend, claim, 1, { states: [{ key, state: bytes("1") }] }),
    backend.shards.inspect({ shards: [0, 1] }),
    backend.membership.list(),
  ]);
  expect(answers[0]).toEqual({ kind: "committed" });
  expect(await commit(backend, claim, 2)).toEqual({ kind: "committed" });
});

test("a script is sent whole once and by its hash from then on", async () => {
  const backend = await openBackend("hash");
  const { datasetId } = await joinNode(backend);
  const claim = await claimShard(backend, datasetId);
  await server.command("SCRIPT", "FLUSH");
  await server.command("CONFIG", "RESETSTAT");
  for (let seq = 1; seq <= 5; seq++) await commit(backend, claim, seq);
  const stats = await server.command("INFO", "commandstats");
  expect(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1]).toBe("1");
  expect(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]).toBe("5");
});
