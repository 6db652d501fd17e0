/** Numbered producers, bounds and reading: each batch enters a mailbox at most once (I2, I3, I4). */
import type { ProducerId } from "../../model/ids.ts";
import type { AppendAnswer } from "../../ports/shard-store.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  append,
  assertAppended,
  bytes,
  claimShard,
  committed,
  freshId,
  type Held,
  inspect,
  mailOf,
  producerOf,
  startNode,
  startOfMail,
} from "./test-node.ts";

const payloadsOf = async (held: Held): Promise<readonly Uint8Array[]> =>
  (await mailOf(held)).flatMap(({ payloads }) => payloads);

export const appendCases: readonly ConformanceCase[] = [
  {
    title: "an append is told what the owner takes no more of, as long as that stands",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      const closedAfter = async (number: number) =>
        assertKind(await append(node, 1, producer, number), "appended", "append").closed;
      const closed = ["counter/a \n é", "ledger"];
      assertEqual(await closedAfter(1), undefined, "before");
      await committed(held, 1, { closed });
      assertEqual(await closedAfter(2), closed, "closed");
      await committed(held, 2, { log: [bytes("x")] });
      assertEqual(await closedAfter(3), closed, "after another commit");
      await committed(held, 3, { closed: [] });
      assertEqual(await closedAfter(4), undefined, "after");
      await committed(held, 4, { closed });
      await claimShard(node, 1);
      assertEqual(await closedAfter(5), undefined, "under the next claim");
    },
  },
  {
    title: "batches enter the mailbox in the order of their numbers",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      assertAppended(await append(node, 1, producer, 1), 1, "first");
      assertAppended(await append(node, 1, producer, 2, { count: 5 }), 2, "second");
      assertEqual(await payloadsOf(held), [bytes("batch-1"), bytes("batch-2")], "mail");
      assertEqual((await inspect(node, 1)).pending, 6, "pending");
    },
  },
  {
    title: "a repeated batch answers appended again and enters once",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      assertAppended(await append(node, 1, producer, 1), 1, "repeat");
      assertEqual((await payloadsOf(held)).length, 1, "batches");
      assertEqual((await inspect(node, 1)).pending, 1, "pending");
    },
  },
  {
    title: "an appended batch names the entry that holds it, a repeated one that or a later one",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      const entryOf = (answer: AppendAnswer) => assertKind(answer, "appended", "append").entry;
      await append(node, 1, producerOf(node), 1);
      const first = entryOf(await append(node, 1, producer, 1));
      const mail = await mailOf(held);
      assertEqual(first, mail[1]?.id, "entry");
      await append(node, 1, producerOf(node), 1);
      const repeated = entryOf(await append(node, 1, producer, 1));
      const later = (await mailOf(held)).slice(1).map(({ id }) => id);
      assertThat(
        later.some((id) => id === repeated),
        `the repeat names ${repeated}`,
      );
    },
  },
  {
    title: "a late copy of a batch that was handled does not enter again",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      const { id } = only(await mailOf(held), "mail");
      await committed(held, 1, {
        mail: { handled: [id], partial: [], count: 1 },
      });
      assertAppended(await append(node, 1, producer, 1), 1, "late copy");
      assertEqual(await payloadsOf(held), [], "mail");
      assertEqual((await inspect(node, 1)).pending, 0, "pending");
    },
  },
  {
    title: "a late copy of an older batch is stale and does not enter",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      await append(node, 1, producer, 2);
      assertEqual(await append(node, 1, producer, 1), { kind: "stale" }, "late copy");
      assertEqual((await payloadsOf(held)).length, 2, "batches");
    },
  },
  {
    title: "another batch under the last number is a conflict and does not enter",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      assertEqual(
        await append(node, 1, producer, 1, { hash: "another", text: "other" }),
        { kind: "conflict" },
        "answer",
      );
      assertEqual(await payloadsOf(held), [bytes("batch-1")], "mail");
    },
  },
  {
    title: "a number beyond the next is a gap and tells the last one",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      assertEqual(await append(node, 1, producer, 3), { kind: "gap", last: 1 }, "answer");
      assertEqual((await payloadsOf(held)).length, 1, "batches");
      assertAppended(await append(node, 1, producer, 2), 2, "next");
    },
  },
  {
    title: "a producer the shard does not know must begin at one",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      assertEqual(
        await append(node, 1, producerOf(node), 2),
        { kind: "unknown-producer", reaped: false },
        "answer",
      );
      assertEqual(await payloadsOf(held), [], "mail");
    },
  },
  {
    title: "producers of one node number their batches apart, and so for each shard",
    run: async (context) => {
      const node = await startNode(context);
      const one = producerOf(node);
      const two = producerOf(node);
      await append(node, 1, one, 1);
      assertAppended(await append(node, 1, two, 1), 1, "other producer");
      assertAppended(await append(node, 2, one, 1), 1, "other shard");
    },
  },
  {
    title: "a producer below the floor is dropped and registers no more",
    run: async (context) => {
      const node = await startNode(context);
      const low = `41.${freshId("r")}` as ProducerId;
      const high = `42.${freshId("r")}` as ProducerId;
      await append(node, 1, low, 1);
      await append(node, 1, high, 1);
      const held = await claimShard(node, 1, { producerFloor: 42 });
      const reaped = { kind: "unknown-producer", reaped: true } as const;
      assertEqual(await append(node, 1, low, 1), reaped, "late copy of the first");
      assertEqual(await append(node, 1, low, 2), reaped, "its next");
      assertEqual(await append(node, 1, `40.${freshId("r")}` as ProducerId, 1), reaped, "another");
      assertAppended(await append(node, 1, high, 2), 2, "above");
      assertEqual((await payloadsOf(held)).length, 3, "batches");
    },
  },
  {
    title: "the producer floor never falls",
    run: async (context) => {
      const node = await startNode(context);
      await claimShard(node, 1, { producerFloor: 42 });
      await claimShard(node, 1, { producerFloor: 7 });
      assertEqual(
        await append(node, 1, `41.${freshId("r")}` as ProducerId, 1),
        { kind: "unknown-producer", reaped: true },
        "answer",
      );
    },
  },
  {
    title: "a full mailbox refuses a batch and takes the next once there is room",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1, { count: 3, limit: 3 });
      assertEqual(
        await append(node, 1, producer, 2, { limit: 3 }),
        { kind: "full", pending: 3 },
        "refused",
      );
      const { id } = only(await mailOf(held), "mail");
      await committed(held, 1, {
        mail: { handled: [id], partial: [], count: 3 },
      });
      assertAppended(await append(node, 1, producer, 3, { limit: 3 }), 3, "next");
      assertEqual(await payloadsOf(held), [bytes("batch-3")], "mail");
    },
  },
  {
    title: "a late copy of a batch refused as full stays refused when there is room",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producerOf(node), 1, { count: 3 });
      assertKind(await append(node, 1, producer, 1, { limit: 3 }), "full", "refused");
      const { id } = only(await mailOf(held), "mail");
      await committed(held, 1, {
        mail: { handled: [id], partial: [], count: 3 },
      });
      assertKind(await append(node, 1, producer, 1, { limit: 3 }), "full", "late copy");
      assertEqual(await payloadsOf(held), [], "mail");
    },
  },
  {
    title: "a batch without a limit enters a mailbox that is full for others",
    run: async (context) => {
      const node = await startNode(context);
      await append(node, 1, producerOf(node), 1, { count: 100 });
      assertKind(await append(node, 1, producerOf(node), 1), "appended", "append");
      assertEqual((await inspect(node, 1)).pending, 101, "pending");
    },
  },
  {
    title: "a mailbox takes messages while nobody owns its shard",
    run: async (context) => {
      const node = await startNode(context);
      assertKind(await append(node, 1, producerOf(node), 1), "appended", "append");
      assertEqual((await inspect(node, 1)).pending, 1, "pending");
      const held = await claimShard(node, 1);
      assertEqual(await payloadsOf(held), [bytes("batch-1")], "mail");
    },
  },
  {
    title: "mail waits for the next owner and its batches are still known",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      await claimShard(one, 1);
      const producer = producerOf(one);
      await append(one, 1, producer, 1);
      const held = await claimShard(two, 1);
      assertAppended(await append(one, 1, producer, 1), 1, "repeat");
      assertEqual(await payloadsOf(held), [bytes("batch-1")], "mail");
    },
  },
  {
    title: "mail is read in pages that follow each other",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      for (let number = 1; number <= 5; number++) await append(node, 1, producer, number);
      const seen: Uint8Array[] = [];
      let after = startOfMail;
      for (let page = 1; page <= 3; page++) {
        const reads = [{ claim: held.claim, after }];
        const answer = assertKind(
          only(await node.backend.shards.read({ reads, limit: 2 }), "read"),
          "entries",
          "page",
        );
        assertEqual(answer.more, page < 3, `more after page ${page}`);
        assertEqual(answer.entries.length, page < 3 ? 2 : 1, `entries of page ${page}`);
        seen.push(...answer.entries.flatMap(({ payloads }) => payloads));
        const last = answer.entries[answer.entries.length - 1];
        assertThat(last !== undefined, "a page has a last entry");
        after = last.id;
      }
      assertEqual(
        seen,
        [1, 2, 3, 4, 5].map((number) => bytes(`batch-${number}`)),
        "mail",
      );
    },
  },
  {
    title: "one read serves several shards, each by its own claim",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      const one = await claimShard(node, 1);
      const two = await claimShard(node, 2);
      await append(node, 2, producerOf(node), 1);
      const answers = await node.backend.shards.read({
        reads: [two, former, one].map(({ claim }) => ({
          claim,
          after: startOfMail,
        })),
        limit: 10,
      });
      assertEqual(
        answers.map(({ kind }) => kind),
        ["entries", "fenced", "entries"],
        "kinds",
      );
      const [first, , third] = answers;
      assertThat(first?.kind === "entries" && third?.kind === "entries", "entries");
      assertEqual(first.entries[0]?.payloads, [bytes("batch-1")], "mail of two");
      assertEqual(third, { kind: "entries", entries: [], more: false }, "mail of one");
    },
  },
  {
    title: "entry ids go on growing after the mailbox was emptied",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      const first = only(await mailOf(held), "mail").id;
      await committed(held, 1, {
        mail: { handled: [], handledUpTo: first, partial: [], count: 1 },
      });
      await append(node, 1, producer, 2);
      assertEqual((await mailOf(held, first)).length, 1, "entries after the first");
    },
  },
];
