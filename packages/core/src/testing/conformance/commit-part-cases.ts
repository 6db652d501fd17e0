/** What each part of a commit does to the shard's content. */
import type { EntryId } from "../../model/ids.ts";
import { assertEqual, assertKind, assertThat } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  append,
  bytes,
  claimShard,
  committed,
  type Held,
  imageOf,
  inspect,
  mailOf,
  producerOf,
  startNode,
  startOfMail,
  type TestNode,
} from "./test-node.ts";

/** Appends batches of one message each; answers their entry ids. */
const fillMail = async (node: TestNode, held: Held, count: number): Promise<readonly EntryId[]> => {
  const producer = producerOf(node);
  for (let number = 1; number <= count; number++) {
    assertKind(await append(node, held.claim.shard, producer, number), "appended", "append");
  }
  return (await mailOf(held)).map(({ id }) => id);
};

const at = <T>(items: readonly T[], index: number): T => {
  const item = items[index];
  assertThat(item !== undefined, `there is no item ${index}`);
  return item;
};

const repliesOf = async (held: Held, ...idempotencyKeys: readonly string[]) =>
  assertKind(
    await held.node.backend.shards.fetch({
      claim: held.claim,
      actors: [],
      idempotencyKeys,
    }),
    "fetched",
    "fetch",
  ).replies;

export const commitPartCases: readonly ConformanceCase[] = [
  {
    title: "nothing counts as waiting in a mailbox that was emptied, whatever was counted",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      for (const number of [1, 2]) {
        await append(node, 1, producer, number, { payloads: [bytes("?")], count: 20 });
      }
      const [first, second] = (await mailOf(held)).map(({ id }) => id);
      assertThat(first !== undefined && second !== undefined, "two entries");
      await committed(held, 1, { mail: { handled: [second], partial: [], count: 1 } });
      assertEqual((await inspect(node, 1)).pending, 39, "pending with one left");
      await committed(held, 2, {
        mail: { handled: [first], handledUpTo: second, partial: [], count: 1 },
        local: { payload: bytes("local"), count: 3 },
      });
      assertEqual((await inspect(node, 1)).pending, 3, "pending");
    },
  },
  {
    title: "handled entries leave the mailbox and the others keep their order",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const ids = await fillMail(node, held, 5);
      await committed(held, 1, {
        mail: { handled: [at(ids, 1), at(ids, 3)], partial: [], count: 2 },
      });
      assertEqual(
        (await mailOf(held)).map(({ id }) => id),
        [ids[0], ids[2], ids[4]],
        "mail",
      );
      assertEqual((await inspect(node, 1)).pending, 3, "pending");
    },
  },
  {
    title: "everything up to the low-water mark leaves the mailbox",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const ids = await fillMail(node, held, 5);
      await committed(held, 1, {
        mail: {
          handled: [at(ids, 4)],
          handledUpTo: at(ids, 2),
          partial: [],
          count: 4,
        },
      });
      assertEqual(
        (await mailOf(held)).map(({ id }) => id),
        [ids[3]],
        "mail",
      );
      assertEqual((await inspect(node, 1)).pending, 1, "pending");
    },
  },
  {
    title: "a record of an entry handled in part is kept until the entry leaves",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const ids = await fillMail(node, held, 3);
      await committed(held, 1, {
        mail: {
          handled: [],
          partial: [
            { id: at(ids, 0), record: bytes("x") },
            { id: at(ids, 1), record: bytes("y") },
            { id: at(ids, 2), record: bytes("z") },
          ],
          count: 0,
        },
      });
      await committed(held, 2, {
        mail: {
          handled: [],
          partial: [{ id: at(ids, 0), record: bytes("x2") }],
          count: 0,
        },
      });
      assertEqual(
        (await imageOf(held)).partial,
        new Map([
          [ids[0], bytes("x2")],
          [ids[1], bytes("y")],
          [ids[2], bytes("z")],
        ]),
        "partial",
      );
      await committed(held, 3, {
        mail: {
          handled: [at(ids, 2)],
          handledUpTo: at(ids, 0),
          partial: [],
          count: 2,
        },
      });
      assertEqual((await imageOf(held)).partial, new Map([[ids[1], bytes("y")]]), "partial");
    },
  },
  {
    title: "entries already gone may be handled again",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const ids = await fillMail(node, held, 2);
      await committed(held, 1, {
        mail: { handled: [at(ids, 0)], partial: [], count: 1 },
      });
      await committed(held, 2, {
        mail: {
          handled: [at(ids, 0)],
          handledUpTo: at(ids, 0),
          partial: [],
          count: 0,
        },
      });
      assertEqual(
        (await mailOf(held)).map(({ id }) => id),
        [ids[1]],
        "mail",
      );
      assertEqual((await inspect(node, 1)).pending, 1, "pending");
    },
  },
  {
    title: "local messages join the mailbox behind what waits there",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const ids = await fillMail(node, held, 2);
      const answer = await committed(held, 1, {
        local: { payload: bytes("own"), count: 3 },
      });
      assertEqual(
        await mailOf(held),
        [
          { id: ids[0], payloads: [bytes("batch-1")] },
          { id: ids[1], payloads: [bytes("batch-2")] },
          { id: answer.localEntry, payloads: [bytes("own")] },
        ],
        "mail",
      );
      assertEqual((await inspect(node, 1)).pending, 5, "pending");
    },
  },
  {
    title: "a timer is set, moved and removed",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const timer = (text: string, dueAt: number) => ({
        member: bytes(text),
        dueAt,
      });
      await committed(held, 1, {
        timers: {
          set: [timer("a", 10), timer("b", 20), timer("c", 30)],
          remove: [],
        },
      });
      await committed(held, 2, {
        timers: {
          set: [timer("a", 40)],
          remove: [bytes("b"), bytes("unknown")],
        },
      });
      const { timers } = await imageOf(held);
      assertEqual(
        [...timers].sort((left, right) => left.dueAt - right.dueAt),
        [timer("c", 30), timer("a", 40)],
        "timers",
      );
    },
  },
  {
    title: "outgoing messages wait until they are removed and their numbers stay",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const { outId } = held;
      const message = (target: number, n: number) => ({
        target,
        outId,
        n,
        payload: bytes(`${target}/${n}`),
      });
      await committed(held, 1, {
        out: { add: [message(2, 1), message(3, 1), message(2, 2)], remove: [] },
      });
      await committed(held, 2, {
        out: {
          add: [message(2, 3)],
          remove: [
            { target: 2, outId, n: 1 },
            { target: 3, outId, n: 1 },
          ],
        },
      });
      const image = await imageOf(held);
      const byNumber = [...image.out].sort((left, right) => left.n - right.n);
      assertEqual(byNumber, [message(2, 2), message(2, 3)], "out");
      assertEqual(
        image.outNumbers,
        new Map([
          [2, 3],
          [3, 1],
        ]),
        "numbers",
      );
      const present = await claimShard(held.node, 1);
      assertEqual((await imageOf(present)).outNumbers, image.outNumbers, "numbers of the next");
    },
  },
  {
    title: "effects are recorded, replaced and removed",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const effect = (id: string, text: string) => ({
        id,
        record: bytes(text),
      });
      await committed(held, 1, {
        effects: { put: [effect("a", "1"), effect("b", "1")], remove: [] },
      });
      await committed(held, 2, {
        effects: { put: [effect("a", "2")], remove: ["b", "unknown"] },
      });
      assertEqual((await imageOf(held)).effects, [effect("a", "2")], "effects");
    },
  },
  {
    title: "deferred asks are recorded, replaced and removed, and the next owner loads them",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const ask = (id: string, text: string) => ({ id, record: bytes(text) });
      await committed(held, 1, {
        deferrals: { put: [ask("a", "1"), ask("b", "1")], remove: [] },
      });
      await committed(held, 2, {
        deferrals: { put: [ask("a", "2")], remove: ["b", "unknown"] },
      });
      assertEqual((await imageOf(held)).deferrals, [ask("a", "2")], "deferrals");
      const next = await claimShard(held.node, 1);
      assertEqual((await imageOf(next)).deferrals, [ask("a", "2")], "deferrals of the next");
      assertEqual((await imageOf(next)).effects, [], "effects");
    },
  },
  {
    title: "a reply kept for an idempotency key is fetched until its expiry",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const { now } = await node.backend.membership.list();
      await committed(held, 1, {
        idempotency: {
          put: [
            { key: "short", record: bytes("s"), expiresAt: now + 200 },
            { key: "long", record: bytes("l"), expiresAt: now + 600_000 },
          ],
          expireBefore: 0,
        },
      });
      assertEqual(
        await repliesOf(held, "long", "none", "short"),
        [bytes("l"), "absent", bytes("s")],
        "replies",
      );
      await context.advance(250);
      assertEqual(await repliesOf(held, "long", "short"), [bytes("l"), "absent"], "later");
    },
  },
  {
    title: "the newest mailbox entry is known to an owner, also when it is gone",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      assertEqual((await imageOf(held)).lastEntry, startOfMail, "before the first");
      const newest = at(await fillMail(node, held, 2), 1);
      assertEqual((await imageOf(held)).lastEntry, newest, "while it waits");
      await committed(held, 1, {
        mail: { handled: [], handledUpTo: newest, partial: [], count: 2 },
      });
      assertEqual((await imageOf(held)).lastEntry, newest, "when it is gone");
    },
  },
  {
    title: "expired replies are dropped and counted no more",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const { now } = await node.backend.membership.list();
      await committed(held, 1, {
        idempotency: {
          put: [
            { key: "a", record: bytes("a"), expiresAt: now + 100 },
            { key: "b", record: bytes("b"), expiresAt: now + 600_000 },
            { key: "c", record: bytes("c"), expiresAt: now + 100 },
          ],
          expireBefore: 0,
        },
      });
      assertEqual((await imageOf(held)).idempotencyCount, 3, "count");
      // Kept longer when written again: the first expiry must not drop it.
      await committed(held, 2, {
        idempotency: {
          put: [{ key: "c", record: bytes("c2"), expiresAt: now + 600_000 }],
          expireBefore: 0,
        },
      });
      await committed(held, 3, {
        idempotency: { put: [], expireBefore: now + 200 },
      });
      assertEqual((await imageOf(held)).idempotencyCount, 2, "count after expiry");
      assertEqual(
        await repliesOf(held, "a", "b", "c"),
        ["absent", bytes("b"), bytes("c2")],
        "replies",
      );
    },
  },
  {
    title: "one commit drops at most 128 expired replies",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const { now } = await node.backend.membership.list();
      await committed(held, 1, {
        idempotency: {
          put: Array.from({ length: 130 }, (_, index) => ({
            key: `key-${index}`,
            record: bytes("r"),
            expiresAt: now + 1,
          })),
          expireBefore: 0,
        },
      });
      await committed(held, 2, {
        idempotency: { put: [], expireBefore: now + 10 },
      });
      assertEqual((await imageOf(held)).idempotencyCount, 2, "after one");
      await committed(held, 3, {
        idempotency: { put: [], expireBefore: now + 10 },
      });
      assertEqual((await imageOf(held)).idempotencyCount, 0, "after two");
    },
  },
  {
    title: "tries are loaded until they are removed",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const put = (id: string, text: string) => ({ id, record: bytes(text) });
      await committed(held, 1, {
        tries: { put: [put("m:1-1:0", "one"), put("t:é", "t")], remove: [] },
      });
      await committed(held, 2, {
        tries: { put: [put("m:1-1:0", "two")], remove: ["t:é", "unknown"] },
      });
      assertEqual((await imageOf(held)).tries, [put("m:1-1:0", "two")], "tries");
    },
  },
];
