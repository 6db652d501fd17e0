/** Any sequence of calls is answered alike by Redis and by the memory backend. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { MemoryServer, memoryBackend } from "@muster/core";
import {
  type ActorKey,
  type Backend,
  type ClaimId,
  type EntryId,
  type HistoryId,
  type Incarnation,
  type NodeId,
  type OutId,
  type ProducerId,
  silentLogger,
  systemClock,
  systemRandom,
} from "@muster/core/ports";
import fc from "fast-check";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { bytes } from "../test-kit/backend.ts";
import { resolveRedisOptions } from "./options.ts";
import { RedisBackend } from "./redis-backend.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const nodeId = "web-1" as NodeId;
const incarnation = "web-1-life" as Incarnation;
const shard = 1;
const startedAt = 1_700_000_000_000;

const unordered = new Set(
  "timers effects deferrals out rows outNumbers partial batches".split(" "),
);
const ids = new Set("historyId presentHistoryId outId datasetId born life".split(" "));

/** One backend with what its answers made known so far. */
class Subject {
  readonly backend: Backend;
  readonly claims: { claimId: ClaimId; historyId: HistoryId; epoch: number; seq: number }[] = [];
  entries: readonly EntryId[] = [];
  outId = "none" as OutId;
  datasetId = "none";
  readonly #names = new Map<string, string>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  claim(index: number) {
    const held = this.claims[index % Math.max(1, this.claims.length)];
    return {
      shard,
      claimId: held?.claimId ?? ("never" as ClaimId),
      historyId: held?.historyId ?? ("" as HistoryId),
    };
  }

  seq(index: number): number {
    return this.claims[index % Math.max(1, this.claims.length)]?.seq ?? 0;
  }

  /** The answer with ids of the store's own making replaced by the order in which they were met. */
  plain(value: unknown, field = ""): unknown {
    if (value instanceof Uint8Array) return `bytes ${new TextDecoder().decode(value)}`;
    if (value instanceof Map) return this.plain([...value], field);
    if (Array.isArray(value)) {
      const parts = value.map((part) => this.plain(part, field));
      // Only mailboxes and answers to lists have an order.
      return unordered.has(field) ? parts.map((part) => JSON.stringify(part)).sort() : parts;
    }
    if (typeof value === "object" && value !== null) {
      // How full it is may be told as it was or as it is.
      if ("kind" in value && value.kind === "full") return "full";
      return Object.fromEntries(
        Object.entries(value)
          // A repeated append may name a later entry, and the entry before is for hints alone.
          .filter(([key, part]) => !["entry", "localPrevious"].includes(key) && part !== undefined)
          .map(([key, part]) => [key, this.plain(part, key)])
          .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1)),
      );
    }
    if (typeof value !== "string") return value;
    const isId = /^\d{9,}-\d+$/.test(value) || ids.has(field);
    if (!isId || value === "none") return value;
    const known = this.#names.get(value) ?? `id ${this.#names.size}`;
    this.#names.set(value, known);
    return known;
  }
}

type Step = (subject: Subject, n: number) => Promise<unknown>;
const small = fc.nat(3);
const hash = fc.constantFrom("a", "b");

const claim = fc.record({ seen: small, version: small, floor: small, latest: fc.boolean() }).map(
  ({ seen, version, floor, latest }): Step =>
    async (subject, n) => {
      const { shards } = subject.backend;
      const [shown] = await shards.inspect({ shards: [shard] });
      const present = shown && !("kind" in shown) ? shown.claimId : "none";
      const claimId = `claim-${n}` as ClaimId;
      const answer = await shards.claim({
        shard,
        claimId,
        seen: latest ? present : subject.claim(seen).claimId,
        nodeId,
        incarnation,
        datasetId: subject.datasetId as never,
        epochKnown: 0,
        membershipVersion: 10 + version,
        notBefore: startedAt + seen,
        producerFloor: floor,
      });
      if (answer.kind === "claimed") {
        const { historyId, epoch } = answer;
        subject.claims.unshift({ claimId, historyId, epoch, seq: 0 });
        subject.outId = answer.outId;
      }
      return answer;
    },
);
const parts = fc.record({
  state: fc.option(fc.constantFrom("x", "y", "removed")),
  handled: fc.option(small),
  upTo: fc.option(small),
  partial: fc.option(small),
  local: fc.option(small),
  timer: fc.option(small),
  out: fc.option(small),
  effect: fc.option(small),
  deferral: fc.option(small),
  closed: fc.option(small),
  rows: fc.option(small),
  reply: fc.option(small),
  tries: fc.option(small),
  dead: fc.option(small),
});
const commit = fc.record({ of: small, jump: fc.constantFrom(0, 1, 1, 1, 1, 2), hash, parts }).map(
  ({ of, jump, hash: content, parts: p }): Step =>
    async (subject, n) => {
      const seq = subject.seq(of) + jump;
      const entry = (index: number) => subject.entries[index] ?? ("1-1" as EntryId);
      // Only what waits and is not handled with the same commit is handled in part.
      const isPartly =
        p.partial !== null &&
        p.partial < subject.entries.length &&
        p.partial !== p.handled &&
        p.partial > (p.upTo ?? -1);
      const record = (index: number) => ({
        id: `id-${index}`,
        record: bytes(`r${index}${content}`),
      });
      const answer = await subject.backend.shards.commit({
        claim: subject.claim(of),
        seq,
        hash: content,
        ...(p.state !== null && {
          states: [
            { key: "k/a" as ActorKey, state: p.state === "removed" ? "removed" : bytes(p.state) },
          ],
        }),
        mail: {
          handled: p.handled === null ? [] : [entry(p.handled)],
          ...(p.upTo !== null && { handledUpTo: entry(p.upTo) }),
          partial: isPartly ? [{ id: entry(p.partial ?? 0), record: bytes("p") }] : [],
          count: p.handled ?? 0,
        },
        ...(p.local !== null && { local: { payload: bytes("local"), count: p.local + 1 } }),
        ...(p.timer !== null && {
          timers: {
            set: [{ member: bytes(`t${p.timer}`), dueAt: p.timer }],
            remove: [bytes(`t${3 - p.timer}`)],
          },
        }),
        ...(p.out !== null && {
          out: {
            add: [{ target: 2, outId: subject.outId, n: n + 1, payload: bytes("o") }],
            remove: [{ target: 2, outId: subject.outId, n: n - p.out }],
          },
        }),
        ...(p.effect !== null && {
          effects: { put: [record(p.effect)], remove: [`id-${3 - p.effect}`] },
        }),
        ...(p.deferral !== null && {
          deferrals: { put: [record(p.deferral)], remove: [`id-${3 - p.deferral}`] },
        }),
        ...(p.closed !== null && {
          closed: Array.from({ length: p.closed }, (_, i) => `k/${i} "é\n`),
        }),
        ...(p.rows !== null && {
          views: [
            {
              kind: "k",
              rows: [
                { id: `id-${p.rows}`, row: bytes("row") },
                { id: `id-${(p.rows + 1) % 4}`, row: "removed" as const },
              ],
            },
          ],
        }),
        ...(p.reply !== null && {
          idempotency: {
            put: [
              {
                key: `key-${p.reply}`,
                record: bytes(content),
                expiresAt: startedAt + 10 * p.reply,
              },
            ],
            expireBefore: startedAt + 5 * p.reply,
          },
        }),
        ...(p.tries !== null && {
          tries: { put: [record(p.tries)], remove: [`id-${3 - p.tries}`] },
        }),
        ...(p.dead !== null && {
          dead: {
            put: [{ id: `id-${p.dead}`, at: 9 - p.dead, head: bytes(content), body: bytes("b") }],
            resolve: [{ id: `id-${3 - p.dead}`, head: bytes(`r${content}`) }],
            keep: 1 + (n % 4),
          },
        }),
      });
      const held = subject.claims[of % Math.max(1, subject.claims.length)];
      if (held && answer.kind === "committed") held.seq = seq;
      return answer;
    },
);
const limit = fc.option(fc.integer({ min: 1, max: 6 }));
const append = fc.record({ join: small, number: fc.integer({ min: 1, max: 4 }), hash, limit }).map(
  ({ join, number, hash: content, limit: most }): Step =>
    ({ backend }) =>
      backend.shards.append({
        shard,
        source: { kind: "producer", producer: `${join}.p` as ProducerId, number, hash: content },
        payloads: [bytes(`m${number}`)],
        count: 2,
        ...(most !== null && { limit: most }),
      }),
);
const appendOut = fc
  .record({
    first: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 3 }),
    id: hash,
    lost: fc.option(small),
    limit,
  })
  .map(
    ({ first, count, id, lost, limit: most }): Step =>
      ({ backend }) =>
        backend.shards.append({
          shard,
          source: {
            kind: "shard",
            shard: 2,
            outId: id as OutId,
            first,
            ...(lost !== null && { lostUpTo: lost }),
          },
          payloads: Array.from({ length: count }, (_, i) => bytes(`o${first + i}`)),
          count,
          ...(most !== null && { limit: most }),
        }),
  );
const status = fc.record({ life: hash, seq: small, reset: fc.boolean(), unit: small }).map(
  ({ life, seq, reset, unit }): Step =>
    ({ backend }) =>
      backend.views.writeStatus({
        nodeId,
        incarnation: life as Incarnation,
        seq: seq + 1,
        reset,
        rows: [
          { unit: `u${unit}`, row: bytes("s") },
          { unit: `u${3 - unit}`, row: "removed" },
        ],
      }),
);
const release = small.map(
  (of): Step =>
    (subject) =>
      subject.backend.shards.release({ claim: subject.claim(of) }),
);
const compare = fc
  .record({ of: small, by: fc.integer({ min: -2, max: 2 }), seq: small, batch: small, id: hash })
  .map(
    ({ of, by, seq, batch, id }): Step =>
      async (subject, n) => {
        const { losses } = subject.backend;
        const held = subject.claims[of % Math.max(1, subject.claims.length)];
        return {
          compared: await losses.compareShard({
            shard,
            nodeId,
            id: `loss-${n}`,
            positions: held
              ? [{ epoch: held.epoch + by, seq: Math.max(0, held.seq + seq - 1) }]
              : [],
            senders: [
              { kind: "producer", producer: `${of}.p` as ProducerId, number: batch },
              { kind: "shard", shard: 2, outId: id as OutId, number: batch },
            ],
          }),
          listed: await losses.list({ subjects: [shard, 0, "cluster"] }),
        };
      },
  );
const acknowledge = small.map(
  (back): Step =>
    async ({ backend: { losses } }, n) => {
      const [finding] = await losses.list({ subjects: [shard] });
      return losses.acknowledge({
        subject: shard,
        id: back === 0 ? `loss-${n - 1}` : (finding?.id ?? "none"),
        by: "ops",
        reason: "r",
      });
    },
);
const read = fc.record({ of: small, limit: fc.integer({ min: 1, max: 4 }) }).map(
  ({ of, limit: most }): Step =>
    async (subject) => {
      const reads = [{ claim: subject.claim(of), after: "0-0" as EntryId }];
      const answer = await subject.backend.shards.read({ reads, limit: most });
      if (answer[0]?.kind === "entries") subject.entries = answer[0].entries.map(({ id }) => id);
      return answer;
    },
);
const look = small.map(
  (of): Step =>
    async (subject) => {
      const { shards, views } = subject.backend;
      const held = subject.claim(of);
      const idempotencyKeys = ["key-0", "key-1", "key-2", "key-3"];
      return {
        inspected: await shards.inspect({ shards: [shard, 0] }),
        checked: await shards.check({ claims: [held] }),
        loaded: await shards.load({ claim: held }),
        fetched: await shards.fetch({ claim: held, actors: ["k/a" as ActorKey], idempotencyKeys }),
        dead: await shards.listDead({ shard, limit: 3 }),
        open: await shards.listDead({ shard, limit: 2, after: 5_000, openOnly: true }),
        letters: await shards.listDead({ shard, ids: ["id-0", "id-1", "id-2", "id-3"] }),
        rows: await views.list({ kind: "k", shards: [shard] }),
        versions: await views.versions({ kinds: ["k", "none"], shards: [shard, 0] }),
        status: await views.listStatus({ nodes: [nodeId] }),
        statusVersions: await views.statusVersions({ nodes: [nodeId] }),
      };
    },
);

let clusters = 0;
const prepare = async (backend: Backend): Promise<Subject> => {
  await backend.open();
  const joined = await backend.membership.join({
    nodeId,
    incarnation,
    leaseMs: 1_500,
    shardCount: 3,
    info: { host: "", pid: 1, version: "", runtime: "", weight: 1, ephemeral: false, kinds: [] },
  });
  const subject = new Subject(backend);
  if (joined.kind === "joined") subject.datasetId = joined.datasetId;
  return subject;
};

test("Redis and memory answer any sequence of calls alike", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: claim },
    { weight: 8, arbitrary: commit },
    { weight: 6, arbitrary: append },
    { weight: 4, arbitrary: appendOut },
    { weight: 2, arbitrary: status },
    { weight: 1, arbitrary: release },
    { weight: 4, arbitrary: read },
    { weight: 4, arbitrary: look },
    { weight: 3, arbitrary: compare },
    { weight: 1, arbitrary: acknowledge },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const clock = { ...systemClock, wall: () => startedAt };
      const context = {
        cluster: `alike-${++clusters}`,
        nodeId,
        incarnation,
        clock,
        random: systemRandom,
        logger: silentLogger,
      };
      const redis = new RedisBackend(resolveRedisOptions({ url: server.url }), context, {
        time: () => startedAt,
      });
      const memory = memoryBackend({ server: new MemoryServer({ clock }) }).create(context);
      try {
        const one = await prepare(redis);
        const other = await prepare(memory);
        for (const [n, run] of steps.entries()) {
          const [left, right] = [one.plain(await run(one, n)), other.plain(await run(other, n))];
          expect({ n, answer: left }).toEqual({ n, answer: right });
        }
      } finally {
        await redis.close();
        await memory.close();
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
