/** A commit is all or nothing whatever the server is short of (I1, I2). */

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { inspect } from "node:util";
import {
  type ActorKey,
  BackendUnavailable,
  type EntryId,
  type Incarnation,
  type NodeId,
  type ProducerId,
} from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { bytes, claimShard, commit, joinNode, makeBackend } from "../test-kit/backend.ts";
import { idAfter } from "./commit-arguments.ts";
import { createKeys } from "./keys.ts";
import type { RedisBackend } from "./redis-backend.ts";

let server: RedisServer;
const open: RedisBackend[] = [];
beforeAll(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await server.command("CONFIG", "SET", "maxmemory", "0");
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => server.stop());

const holder = async (cluster: string) => {
  const backend = makeBackend({ url: server.url }, { cluster });
  open.push(backend);
  await backend.open();
  const { datasetId, join } = await joinNode(backend);
  return { backend, join, claim: await claimShard(backend, datasetId) };
};
const key = "counter/a" as ActorKey;
const rejection = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return { resolved: await call };
  } catch (error) {
    return error;
  }
};

test("a key of a foreign type refuses the commit before anything is written", async () => {
  const { backend, claim } = await holder("foreign");
  await server.command("SET", createKeys("muster", "foreign").shard(1).due, "not a sorted set");
  const error = await rejection(
    commit(backend, claim, 1, {
      states: [{ key, state: bytes("x") }],
      local: { payload: bytes("x"), count: 1 },
      timers: { set: [{ member: bytes("x"), dueAt: 1 }], remove: [] },
    }),
  );
  expect(error).toBeInstanceOf(BackendUnavailable);
  expect(String((error as BackendUnavailable).cause)).toContain(":due is a string");
  // Only the message goes on: the error of the client holds the whole command.
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("counter/a");
  const fetched = await backend.shards.fetch({ claim, actors: [key], idempotencyKeys: [] });
  expect(fetched).toEqual({ kind: "fetched", states: ["absent"], replies: [] });
  expect(await backend.shards.inspect({ shards: [1] })).toMatchObject([{ seq: 0, pending: 0 }]);
});

test("a server without memory refuses appends, and takes heartbeats, claims, commits and releases", async () => {
  const { backend, join, claim } = await holder("oom");
  await server.command("CONFIG", "SET", "maxmemory", "1");
  const append = backend.shards.append({
    shard: 1,
    source: { kind: "producer", producer: `${join}.p` as ProducerId, number: 1, hash: "h" },
    payloads: [bytes("x")],
    count: 1,
  });
  const error = await rejection(append);
  expect(error).toBeInstanceOf(BackendUnavailable);
  expect(String((error as BackendUnavailable).cause)).toContain("OOM");
  const done = await commit(backend, claim, 1, { states: [{ key, state: bytes("x") }] });
  expect(done).toEqual({ kind: "committed" });
  expect(await backend.shards.release({ claim })).toEqual({ kind: "released" });
  const beat = await backend.membership.heartbeat({
    nodeId: "web-1" as NodeId,
    incarnation: "web-1-life" as Incarnation,
    leaseMs: 1_500,
    state: "up",
    confirmMs: 60,
  });
  expect(beat.kind).toBe("accepted");
  await server.command("CONFIG", "SET", "maxmemory", "0");
  expect(await backend.shards.inspect({ shards: [1] })).toMatchObject([{ pending: 0 }]);
});

test("a server that turns replica refuses every call, and the node goes on once it is primary again", async () => {
  const { backend, claim } = await holder("replica");
  await server.command("REPLICAOF", "127.0.0.1", "1");
  expect(await rejection(commit(backend, claim, 1))).toBeInstanceOf(BackendUnavailable);
  expect(await rejection(backend.shards.check({ claims: [claim] }))).toBeInstanceOf(
    BackendUnavailable,
  );
  await server.command("REPLICAOF", "NO", "ONE");
  const { historyId } = await backend.membership.list();
  expect(historyId).not.toBe(claim.historyId);
  expect(await commit(backend, claim, 1)).toEqual({ kind: "history", historyId });
});

test("what is no entry id is refused before it is sent", async () => {
  const { backend, claim } = await holder("ids");
  for (const id of ["", "1", "1-", "-1", "1-1x", "99999999999999999999-1"]) {
    const mail = { handled: [id as EntryId], partial: [], count: 1 };
    expect(await rejection(commit(backend, claim, 1, { mail }))).toBeInstanceOf(RangeError);
  }
});

test("the id after an entry's keeps its milliseconds", () => {
  expect(idAfter("1700000000000-9" as EntryId)).toBe("1700000000000-10");
});
