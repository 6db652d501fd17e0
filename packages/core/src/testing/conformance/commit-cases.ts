/** Numbers, hashes and fences of commits: at most one batch a number, each at most once (I1, I2). */
import type { ActorKey } from "../../model/ids.ts";
import type { CommitRequest } from "../../ports/shard-store.ts";
import { assertEqual, assertKind, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  bytes,
  claimShard,
  commit,
  committed,
  type Held,
  imageOf,
  inspect,
  mailOf,
  startNode,
} from "./test-node.ts";

const key = "counter/a" as ActorKey;
const other = "counter/b" as ActorKey;

const statesOf = async (held: Held, ...actors: readonly ActorKey[]) =>
  assertKind(
    await held.node.backend.shards.fetch({
      claim: held.claim,
      actors,
      idempotencyKeys: [],
    }),
    "fetched",
    "fetch",
  ).states;

/** Something in every part of a commit. */
const everything = (held: Held, text: string): Partial<CommitRequest> => ({
  states: [{ key, state: bytes(text) }],
  local: { payload: bytes(text), count: 2 },
  timers: { set: [{ member: bytes(text), dueAt: 4_000_000 }], remove: [] },
  out: {
    add: [{ target: 3, outId: held.outId, n: 1, payload: bytes(text) }],
    remove: [],
  },
  effects: { put: [{ id: text, record: bytes(text) }], remove: [] },
  deferrals: { put: [{ id: text, record: bytes(text) }], remove: [] },
  views: [{ kind: "counter", rows: [{ id: "a", row: bytes(text) }] }],
  idempotency: {
    put: [{ key: text, record: bytes(text), expiresAt: Number.MAX_SAFE_INTEGER }],
    expireBefore: 0,
  },
  closed: [text],
  tries: { put: [{ id: text, record: bytes(text) }], remove: [] },
  dead: {
    put: [{ id: text, at: 7, head: bytes(text), body: bytes(text) }],
    resolve: [],
    keep: 100,
  },
  log: [bytes(text)],
});

/** All that can be read of a shard, to compare whole. */
const contentOf = async (held: Held) => ({
  states: await statesOf(held, key, other),
  image: await imageOf(held),
  mail: await mailOf(held),
  ownership: await inspect(held.node, held.claim.shard),
  views: await held.node.backend.views.list({
    kind: "counter",
    shards: [held.claim.shard],
  }),
  dead: await held.node.backend.shards.listDead({
    shard: held.claim.shard,
    limit: 10,
  }),
});

export const commitCases: readonly ConformanceCase[] = [
  {
    title: "a committed state is fetched and an unknown one is absent",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      assertEqual(
        await committed(held, 1, { states: [{ key, state: bytes("one") }] }),
        { kind: "committed" },
        "answer",
      );
      assertEqual(await statesOf(held, other, key), ["absent", bytes("one")], "states");
      assertEqual((await inspect(held.node, 1)).seq, 1, "seq");
    },
  },
  {
    title: "a removed state is absent",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, { states: [{ key, state: bytes("one") }] });
      await committed(held, 2, { states: [{ key, state: "removed" }] });
      assertEqual(await statesOf(held, key), ["absent"], "states");
    },
  },
  {
    title: "bytes of any value and any size come back as they were",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      const large = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251);
      await committed(held, 1, {
        states: [
          { key, state: all },
          { key: other, state: large },
          { key: "counter/empty" as ActorKey, state: new Uint8Array(0) },
        ],
        timers: { set: [{ member: all, dueAt: 5 }], remove: [] },
        local: { payload: all, count: 1 },
      });
      assertEqual(
        await statesOf(held, key, other, "counter/empty" as ActorKey),
        [all, large, new Uint8Array(0)],
        "states",
      );
      assertEqual((await imageOf(held)).timers, [{ member: all, dueAt: 5 }], "timers");
      assertEqual(only(await mailOf(held), "mail").payloads, [all], "mail");
    },
  },
  {
    title: "actors are told apart by their whole key",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const keys = ["a/__proto__", "a/constructor", "a/b/c", "a/é ☃ '\"{}", "a/b"] as ActorKey[];
      await committed(held, 1, {
        states: keys.map((each) => ({ key: each, state: bytes(each) })),
      });
      assertEqual(
        await statesOf(held, ...keys),
        keys.map((each) => bytes(each)),
        "states",
      );
    },
  },
  {
    title: "a repeated commit answers the first outcome and writes nothing again",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const first = await committed(held, 1, everything(held, "one"));
      const before = await contentOf(held);
      assertEqual(await commit(held, 1, everything(held, "one")), first, "answer");
      assertEqual(await contentOf(held), before, "content");
      assertEqual(before.ownership.pending, 2, "pending");
      assertEqual(only(before.mail, "mail").id, first.localEntry, "local entry");
    },
  },
  {
    title: "a commit without local messages names no entry, also after one that did",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, { local: { payload: bytes("one"), count: 1 } });
      assertEqual(await commit(held, 2), { kind: "committed" }, "answer");
      assertEqual(await commit(held, 2), { kind: "committed" }, "repeat");
    },
  },
  {
    title: "another batch under the last number is a conflict and writes nothing",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, everything(held, "one"));
      const before = await contentOf(held);
      assertEqual(
        await commit(held, 1, { ...everything(held, "two"), hash: "another" }),
        { kind: "conflict" },
        "answer",
      );
      assertEqual(await contentOf(held), before, "content");
    },
  },
  {
    title: "a number beyond the next is a gap and writes nothing",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, everything(held, "one"));
      const before = await contentOf(held);
      assertEqual(
        await commit(held, 3, everything(held, "two")),
        { kind: "gap", seq: 1 },
        "answer",
      );
      assertEqual(await contentOf(held), before, "content");
    },
  },
  {
    title: "a late copy of an older commit writes nothing",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, everything(held, "one"));
      await committed(held, 2, { states: [{ key, state: bytes("two") }] });
      await committed(held, 3);
      const before = await contentOf(held);
      await commit(held, 1, everything(held, "one"));
      assertEqual(await contentOf(held), before, "content");
    },
  },
  {
    title: "a commit of a superseded claim writes nothing",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1, { states: [{ key, state: bytes("one") }] });
      const present = await claimShard(node, 1);
      const before = await contentOf(present);
      assertKind(await commit(former, 2, everything(former, "two")), "fenced", "answer");
      assertEqual(await contentOf(present), before, "content");
    },
  },
  {
    title: "a commit of a released claim writes nothing",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await node.backend.shards.release({ claim: former.claim });
      assertKind(await commit(former, 1, everything(former, "two")), "fenced", "answer");
      const present = await claimShard(node, 1);
      assertEqual(await statesOf(present, key), ["absent"], "states");
      assertEqual(await mailOf(present), [], "mail");
    },
  },
  {
    title: "numbers start again from one under each claim",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1);
      await committed(former, 2);
      const present = await claimShard(node, 1);
      assertEqual(await commit(present, 3), { kind: "gap", seq: 0 }, "the former's next");
      await committed(present, 1, { hash: "hash-2" });
    },
  },
  {
    title: "what was committed is there for the next owner",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const former = await claimShard(one, 1);
      await committed(former, 1, everything(former, "one"));
      const before = await contentOf(former);
      const present = await claimShard(two, 1);
      const after = await contentOf(present);
      assertEqual(
        { ...after, ownership: undefined },
        { ...before, ownership: undefined },
        "content",
      );
    },
  },
  {
    title: "shards do not see each other's content",
    run: async (context) => {
      const node = await startNode(context);
      const one = await claimShard(node, 1);
      const two = await claimShard(node, 2);
      await committed(one, 1, everything(one, "one"));
      assertEqual(await statesOf(two, key), ["absent"], "states");
      assertEqual(await mailOf(two), [], "mail");
      assertEqual((await imageOf(two)).timers, [], "timers");
    },
  },
  {
    title: "a commit holds thousands of parts",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const keys = Array.from({ length: 9_000 }, (_, index) => `counter/${index}` as ActorKey);
      await committed(held, 1, {
        states: keys.map((each) => ({ key: each, state: bytes(each) })),
        timers: {
          set: keys.map((each, index) => ({
            member: bytes(each),
            dueAt: index + 1,
          })),
          remove: [],
        },
        out: {
          add: keys.map((each, index) => ({
            target: 0,
            outId: held.outId,
            n: index + 1,
            payload: bytes(each),
          })),
          remove: [],
        },
      });
      const last = "counter/8999" as ActorKey;
      assertEqual(await statesOf(held, last), [bytes(last)], "last state");
      const image = await imageOf(held);
      assertEqual(image.timers.length, 9_000, "timers");
      assertEqual(image.out.length, 9_000, "out");
      await committed(held, 2, {
        timers: { set: [], remove: keys.map((each) => bytes(each)) },
        out: {
          add: [],
          remove: keys.map((_, index) => ({
            target: 0,
            outId: held.outId,
            n: index + 1,
          })),
        },
      });
      const emptied = await imageOf(held);
      assertEqual(emptied.timers.length + emptied.out.length, 0, "left over");
    },
  },
];
