/** Messages from another shard: numbered per (out id, target), taken one by one (I2, I4). */
import type { OutId } from "../../model/ids.ts";
import type { AppendAnswer } from "../../ports/shard-store.ts";
import { assertEqual, assertKind } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  assertAppended,
  bytes,
  claimShard,
  committed,
  freshId,
  type Held,
  imageOf,
  inspect,
  mailOf,
  startNode,
  type TestNode,
} from "./test-node.ts";

const target = 2;
const freshOutId = () => freshId("out") as OutId;

/** Sends the messages `first`, `first + 1` … of shard 1, named by their numbers. */
const send = (
  node: TestNode,
  outId: OutId,
  numbers: readonly number[],
  over: {
    readonly from?: number;
    readonly lostUpTo?: number;
    readonly limit?: number;
  } = {},
): Promise<AppendAnswer> =>
  node.backend.shards.append({
    shard: target,
    source: {
      kind: "shard",
      shard: over.from ?? 1,
      outId,
      first: numbers[0] ?? 1,
      ...(over.lostUpTo !== undefined && { lostUpTo: over.lostUpTo }),
    },
    payloads: numbers.map((n) => bytes(`m${n}`)),
    count: numbers.length,
    ...(over.limit !== undefined && { limit: over.limit }),
  });

const arrived = async (held: Held): Promise<readonly string[]> =>
  (await mailOf(held)).flatMap(({ payloads }) =>
    payloads.map((payload) => new TextDecoder().decode(payload)),
  );

export const shardSourceCases: readonly ConformanceCase[] = [
  {
    title: "messages of a shard arrive in order and count one each",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      assertAppended(await send(node, outId, [1, 2]), 2, "first");
      assertAppended(await send(node, outId, [3]), 3, "second");
      assertEqual(await arrived(held), ["m1", "m2", "m3"], "mail");
      assertEqual((await inspect(node, target)).pending, 3, "pending");
    },
  },
  {
    title: "messages sent again by the next owner arrive once, however its batches are cut",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      await send(node, outId, [1, 2]);
      assertAppended(await send(node, outId, [1]), 2, "older");
      assertAppended(await send(node, outId, [1, 2]), 2, "repeat");
      assertAppended(await send(node, outId, [2, 3, 4]), 4, "overlap");
      assertEqual(await arrived(held), ["m1", "m2", "m3", "m4"], "mail");
      assertEqual((await inspect(node, target)).pending, 4, "pending");
    },
  },
  {
    title: "a batch beyond the next number is a gap and tells the last one",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      await send(node, outId, [1]);
      assertEqual(await send(node, outId, [3]), { kind: "gap", last: 1 }, "answer");
      assertEqual(
        await send(node, freshOutId(), [2]),
        { kind: "gap", last: 0 },
        "unknown numbering",
      );
      assertEqual(await arrived(held), ["m1"], "mail");
    },
  },
  {
    title: "a target that lost messages goes on after those that its source reports lost",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      assertEqual(await send(node, outId, [6, 7]), { kind: "gap", last: 0 }, "gap");
      assertAppended(await send(node, outId, [6, 7], { lostUpTo: 5 }), 7, "reported");
      assertAppended(await send(node, outId, [6, 7], { lostUpTo: 5 }), 7, "repeat");
      assertAppended(await send(node, outId, [8]), 8, "next");
      assertEqual(await arrived(held), ["m6", "m7", "m8"], "mail");
    },
  },
  {
    title: "each numbering and each source shard is numbered apart",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      await send(node, outId, [1, 2, 3]);
      assertAppended(await send(node, freshOutId(), [1]), 1, "numbering");
      assertAppended(await send(node, outId, [1], { from: 0 }), 1, "source");
      assertEqual((await arrived(held)).length, 5, "messages");
    },
  },
  {
    title: "a full mailbox refuses messages of a shard and takes the same ones later",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, target);
      const outId = freshOutId();
      await send(node, outId, [1, 2], { limit: 2 });
      assertEqual(await send(node, outId, [3], { limit: 2 }), { kind: "full", pending: 2 }, "full");
      assertAppended(await send(node, outId, [2], { limit: 2 }), 2, "repeat");
      assertKind(await send(node, outId, [3], { limit: 3 }), "appended", "with more room");
      assertEqual(await arrived(held), ["m1", "m2", "m3"], "mail");
    },
  },
  {
    title: "a claim under another history starts a new numbering and old messages keep theirs",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      const message = {
        target,
        outId: former.outId,
        n: 1,
        payload: bytes("m1"),
      };
      await committed(former, 1, { out: { add: [message], remove: [] } });
      await context.restart?.();
      const present = await claimShard(node, 1);
      assertEqual(present.outId === former.outId, false, "same out id");
      const image = await imageOf(present);
      assertEqual(image.out, [message], "out");
      assertEqual(image.outNumbers, new Map(), "numbers");
      await committed(present, 1, {
        out: {
          add: [{ ...message, outId: present.outId }],
          remove: [{ target, outId: former.outId, n: 1 }],
        },
      });
      const after = await imageOf(present);
      assertEqual(after.out, [{ ...message, outId: present.outId }], "out afterwards");
      assertEqual(after.outNumbers, new Map([[target, 1]]), "numbers afterwards");
    },
  },
];
