/**
 * Has every script of the adapter run once, and every key come into use and go out of it: so that what
 * a script may need of its keys shows, on whatever server.
 */
import { expect } from "bun:test";
import type {
  ActorKey,
  ClaimId,
  CommitRequest,
  DatasetId,
  EntryId,
  EventId,
  Incarnation,
  NodeId,
  OutId,
  ProducerId,
} from "@muster/core/ports";
import type { RedisBackend } from "../src/redis-backend.ts";
import { bytes, claimShard, commit, joinNode } from "./backend.ts";

const nodeId = "web-1" as NodeId;
const row = bytes("x");
const of = (id: string) => ({ id, record: row });
const letter = (id: string) => ({ id, at: 1, head: row, body: row });
const actor = (id: string) => `counter/${id}` as ActorKey;

/** Parts of a commit that puts what is called `put` and removes what is called `gone`, in every key. */
const parts = (put: string, gone: string, outId: OutId, n: number): Partial<CommitRequest> => {
  const entry = `${n}-1` as EntryId;
  return {
    states: [
      { key: actor(put), state: row },
      { key: actor(gone), state: "removed" },
    ],
    mail: {
      handled: [`${n - 1}-1` as EntryId],
      handledUpTo: `${n - 1}-1` as EntryId,
      partial: [{ id: entry, record: row }],
      count: 1,
    },
    local: { payload: row, count: 1 },
    timers: { set: [{ member: bytes(put), dueAt: 1 }], remove: [bytes(gone)] },
    out: {
      add: [{ target: 2, outId, n, payload: row }],
      remove: [{ target: 2, outId, n: n - 1 }],
    },
    effects: { put: [of(put)], remove: [gone] },
    deferrals: { put: [of(put)], remove: [gone] },
    views: [
      {
        kind: "counter",
        rows: [
          { id: put, row },
          { id: gone, row: "removed" },
        ],
      },
    ],
    idempotency: { put: [{ key: put, record: row, expiresAt: n }], expireBefore: n },
    tries: { put: [of(put)], remove: [gone] },
    dead: { put: [letter(put), letter(gone)], resolve: [{ id: gone, head: row }], keep: 1 },
    closed: [actor(put)],
    log: [row],
    replies: [{ node: nodeId, payload: row }],
  };
};

/** `round` sets one use apart from those before it on the same cluster. */
export const useEverything = async (backend: RedisBackend, round = 1): Promise<void> => {
  const { membership, shards, views, losses, events } = backend;
  const incarnation = `life-${round}` as Incarnation;
  const { datasetId, join } = await joinNode(backend, "web-1", incarnation);
  const beat = { nodeId, incarnation, leaseMs: 1_500, state: "up", confirmMs: 60 } as const;
  await membership.heartbeat({ ...beat, stats: { shards: 0, loopLagMs: 0, memoryBytes: 0 } });
  await membership.heartbeat(beat);
  await membership.list();
  await membership.cordon({ nodeId, cordoned: round % 2 === 1 });
  await membership.raiseVersion({ version: 100 * round });
  const kept = { kinds: ["counter"], shards: [0, 1, 2, 3] };
  await views.list({ kind: "counter", shards: kept.shards });

  const claimed = async () => {
    const [shown] = await shards.inspect({ shards: [1] });
    const seen = shown && !("kind" in shown) ? shown.claimId : "none";
    return claimShard(backend, datasetId, 1, seen as ClaimId);
  };
  const claim = await claimed();
  const outId = `out-${round}` as OutId;
  const one = { shard: 1, payloads: [row], count: 1 };
  const producer = `${join}.p` as ProducerId;
  const byNode = { kind: "producer", producer, number: 1, hash: "h" } as const;
  expect((await shards.append({ ...one, source: byNode })).kind).toBe("appended");
  const byShard = { kind: "shard", shard: 2, outId, first: 1 } as const;
  expect((await shards.append({ ...one, source: byShard })).kind).toBe("appended");
  await shards.load({ claim });
  for (const [seq, put, gone] of [
    [1, "a", "b"],
    [2, "c", "a"],
    [3, "a", "c"],
  ] as const) {
    const answer = await commit(backend, claim, seq, parts(put, gone, outId, seq + 1));
    expect(answer.kind).toBe("committed");
  }
  await shards.load({ claim });
  await shards.fetch({ claim, actors: [actor("a")], idempotencyKeys: ["a"] });
  await shards.read({ reads: [{ claim, after: "1-1" as EntryId }], limit: 10 });
  expect(await shards.check({ claims: [claim] })).toEqual([{ kind: "stands" }]);
  await shards.inspect({ shards: kept.shards });
  await shards.survey({ shard: 1, views: ["counter"], states: ["counter"], limit: 10 });
  await shards.listDead({ shard: 1, limit: 10 });
  await shards.listDead({ shard: 1, ids: ["a"] });
  await shards.release({ claim });
  await claimed();
  expect(await views.list({ kind: "counter", shards: kept.shards })).toHaveLength(4);
  await views.versions(kept);
  for (const [seq, put, gone] of [
    [1, "a", "b"],
    [2, "b", "a"],
  ] as const) {
    const rows = [
      { unit: put, row },
      { unit: gone, row: "removed" as const },
    ];
    await views.writeStatus({ nodeId, incarnation, seq, reset: seq === 1, rows });
  }
  await views.listStatus({ nodes: [nodeId] });
  await views.statusVersions({ nodes: [nodeId] });
  const compared = { nodeId, id: "loss" };
  await losses.compareShard({
    ...compared,
    shard: 1,
    positions: [{ epoch: 1, seq: 1 }],
    senders: [{ kind: "shard", shard: 2, outId, number: 9 }],
  });
  await losses.compareDataset({ ...compared, former: "another" as DatasetId });
  await losses.list({ subjects: [1, "cluster"] });
  await losses.acknowledge({ subject: 1, id: "loss", by: "ops", reason: "seen" });
  const numbered = { name: "shard 1", numbering: outId, first: 1 };
  const bounds = { audited: [0], keep: 1, keepAudited: 1 };
  await events.add({ source: numbered, payloads: [bytes("x"), bytes("y")], ...bounds });
  await events.add({ source: { ...numbered, first: 3 }, payloads: [bytes("z")], ...bounds });
  await events.page({ log: "events", after: "0-0" as EventId, limit: 10 });
  await events.page({ log: "audit", before: "9-9" as EventId, limit: 10 });
  const elected = await backend.guard.elect({ role: "test", ttlMs: 10_000 });
  if (elected.kind !== "elected") throw new Error("the role is held");
  await backend.guard.extend({ term: elected.term, ttlMs: 10_000 });
  await views.dropStatus({ nodeId: "web-9" as NodeId, incarnation });
  await shards.raiseFloor({ shards: kept.shards, floor: 1 });
  await backend.guard.resign({ term: elected.term });
  await membership.leave({ nodeId, incarnation });
};

/**
 * What a term of a role does. Its lock comes and goes, so while a slot is on its way to another server
 * the lock is over there already, and the rest is not.
 */
export const useTerm = async ({ guard, membership }: RedisBackend): Promise<void> => {
  const elected = await guard.elect({ role: "test", ttlMs: 10_000 });
  if (elected.kind !== "elected") throw new Error("the role is held");
  const { term } = elected;
  const done = [{ id: "web-9" as NodeId, incarnation: "life" as Incarnation }];
  const reaped = await membership.reap({ term, goneMs: 60_000, ephemeralGoneMs: 60_000, done });
  expect(reaped.kind).toBe("reaped");
  await guard.resign({ term });
};

/** What only a backend with a durability runs. */
export const useReplicas = async (backend: RedisBackend): Promise<void> => {
  const { datasetId } = await joinNode(backend, "web-2", "life-2");
  const claim = await claimShard(backend, datasetId, 3);
  const answer = await commit(backend, claim, 1, {
    views: [{ kind: "counter", rows: [{ id: "a", row }] }],
    replies: [{ node: nodeId, payload: row, ifShort: row }],
  });
  expect(answer.kind).toBe("committed");
};
