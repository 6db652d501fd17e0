/** What is found missing is told once, in its whole range, until it is acknowledged or has ended (I2). */
import type { OutId } from "../../model/ids.ts";
import type { Position } from "../../model/position.ts";
import {
  type Comparison,
  type LossFinding,
  type LossSubject,
  lossKeptMs,
  type SenderMark,
} from "../../ports/loss-store.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  append,
  bytes,
  claimShard,
  committed,
  freshId,
  inspect,
  joinRequest,
  producerOf,
  startNode,
  type TestNode,
} from "./test-node.ts";

const compare = (
  node: TestNode,
  positions: readonly Position[],
  over: { readonly id?: string; readonly senders?: readonly SenderMark[] } = {},
): Promise<Comparison> =>
  node.backend.losses.compareShard({
    shard: 1,
    nodeId: node.id,
    id: over.id ?? freshId("loss"),
    positions,
    senders: over.senders ?? [],
  });

const listed = (node: TestNode, subject: LossSubject = 1): Promise<readonly LossFinding[]> =>
  node.backend.losses.list({ subjects: [subject] });

const acknowledge = (node: TestNode, finding: LossFinding) =>
  node.backend.losses.acknowledge({
    subject: finding.subject,
    id: finding.id,
    by: "ops",
    reason: "restored from elsewhere",
  });

export const lossCases: readonly ConformanceCase[] = [
  {
    title: "a record tells its last commit, also under a claim that has written nothing",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1);
      await committed(former, 2);
      const wrote = { epoch: former.epoch, seq: 2 };
      assertEqual((await inspect(node, 1)).written, wrote, "while it writes");
      await claimShard(node, 1);
      await claimShard(node, 1);
      assertEqual((await inspect(node, 1)).written, wrote, "after two more claims");
    },
  },
  {
    title: "what a record holds is kept and opens no finding",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1);
      await committed(former, 2);
      const present = await claimShard(node, 1);
      await committed(present, 1);
      const known = [
        { epoch: former.epoch, seq: 1 },
        { epoch: former.epoch, seq: 2 },
        { epoch: present.epoch, seq: 1 },
        // A claim under which nothing was committed leaves nothing to lose.
        { epoch: present.epoch + 1, seq: 0 },
      ];
      assertKind(await compare(node, known), "kept", "comparison");
      assertEqual(await listed(node), [], "findings");
      assertEqual((await inspect(node, 1)).lossMark, "", "mark");
    },
  },
  {
    title: "commits beyond those of their claim are lost, and the finding names their range",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1);
      const { epoch } = held;
      assertKind(await compare(node, [{ epoch, seq: 4 }], { id: "first" }), "lost", "comparison");
      const { foundAt, expiresAt, ...finding } = only(await listed(node), "findings");
      assertEqual(
        finding,
        {
          subject: 1,
          id: "first",
          foundBy: node.id,
          commits: { from: { epoch, seq: 1 }, to: { epoch, seq: 4 } },
          batches: [],
        },
        "finding",
      );
      assertEqual(expiresAt - foundAt, lossKeptMs, "time it stands");
      assertThat((await inspect(node, 1)).lossMark !== "", "the record shows a mark");
    },
  },
  {
    title: "the commits of a claim that is gone are lost from the end of the claim before it",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1);
      const present = await claimShard(node, 1, { epochKnown: former.epoch + 10 });
      await committed(present, 1);
      const gone = { epoch: former.epoch + 5, seq: 3 };
      assertKind(await compare(node, [gone]), "lost", "comparison");
      const { commits } = only(await listed(node), "findings");
      assertEqual(commits, { from: { epoch: former.epoch, seq: 1 }, to: gone }, "range");
    },
  },
  {
    title: "claims beyond the sixteen that a record remembers are no loss",
    run: async (context) => {
      const node = await startNode(context);
      const first = await claimShard(node, 1);
      await committed(first, 1);
      for (let n = 0; n < 17; n++) await claimShard(node, 1);
      assertKind(await compare(node, [{ epoch: first.epoch, seq: 1 }]), "kept", "comparison");
      assertEqual(await listed(node), [], "findings");
    },
  },
  {
    title: "a finding told again changes nothing and is widened by what goes beyond it",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const { epoch } = await claimShard(one, 1);
      await compare(one, [{ epoch, seq: 4 }], { id: "first" });
      const mark = (await inspect(one, 1)).lossMark;
      const told = await listed(one);
      await context.advance(1_000);
      assertKind(await compare(two, [{ epoch, seq: 3 }]), "lost", "a part of it");
      assertEqual(await listed(two), told, "findings");
      assertEqual((await inspect(one, 1)).lossMark, mark, "mark");
      await compare(two, [{ epoch, seq: 6 }], { id: "second" });
      const wider = only(await listed(one), "findings");
      assertEqual(wider.id, "first", "id");
      assertEqual(wider.foundBy, one.id, "finder");
      assertEqual(wider.commits, { from: { epoch, seq: 0 }, to: { epoch, seq: 6 } }, "range");
      assertThat((await inspect(one, 1)).lossMark !== mark, "the mark has changed");
    },
  },
  {
    title: "batches beyond the last one of their sender are lost",
    run: async (context) => {
      const node = await startNode(context);
      await claimShard(node, 1);
      const producer = producerOf(node);
      const outId = "out" as OutId;
      await append(node, 1, producer, 1);
      await node.backend.shards.append({
        shard: 1,
        source: { kind: "shard", shard: 2, outId, first: 1 },
        payloads: [bytes("a"), bytes("b")],
        count: 2,
      });
      const marks = (own: number, other: number): readonly SenderMark[] => [
        { kind: "producer", producer, number: own },
        { kind: "shard", shard: 2, outId, number: other },
      ];
      assertKind(await compare(node, [], { senders: marks(1, 2) }), "kept", "what is there");
      assertEqual(await listed(node), [], "findings");
      assertKind(await compare(node, [], { senders: marks(3, 5) }), "lost", "what is not");
      const { batches, commits } = only(await listed(node), "findings");
      assertEqual(commits, undefined, "commits");
      assertEqual(
        [...batches].sort((a, b) => (a.sender < b.sender ? -1 : 1)),
        [
          { sender: producer, from: 2, to: 3 },
          { sender: "shard 2", from: 3, to: 5 },
        ],
        "batches",
      );
    },
  },
  {
    title: "batches of a sender that is not there are lost, unless it was reaped",
    run: async (context) => {
      const node = await startNode(context);
      const producer = producerOf(node);
      const senders: readonly SenderMark[] = [{ kind: "producer", producer, number: 2 }];
      await claimShard(node, 1, { producerFloor: node.joined.join + 1 });
      assertKind(await compare(node, [], { senders }), "kept", "reaped");
      const other: readonly SenderMark[] = [
        { kind: "producer", producer: producerOf({ ...node, joined: later(node) }), number: 2 },
      ];
      assertKind(await compare(node, [], { senders: other }), "lost", "not reaped");
    },
  },
  {
    title: "an acknowledged finding covers what it names and nothing beyond",
    run: async (context) => {
      const node = await startNode(context);
      const { epoch } = await claimShard(node, 1);
      await compare(node, [{ epoch, seq: 4 }], { id: "first" });
      const finding = only(await listed(node), "findings");
      const mark = (await inspect(node, 1)).lossMark;
      const answer = assertKind(await acknowledge(node, finding), "acknowledged", "answer");
      assertEqual(answer.finding.acknowledged?.by, "ops", "by whom");
      assertEqual(answer.finding.acknowledged?.reason, "restored from elsewhere", "why");
      assertEqual(await listed(node), [answer.finding], "findings");
      assertThat((await inspect(node, 1)).lossMark !== mark, "the mark has changed");
      assertEqual(await acknowledge(node, finding), answer, "repeat");
      await compare(node, [{ epoch, seq: 3 }], { id: "late" });
      assertEqual(await listed(node), [answer.finding], "after a late witness");
      await compare(node, [{ epoch, seq: 5 }], { id: "second" });
      const present = only(await listed(node), "findings");
      assertEqual(present.id, "second", "id after a wider loss");
      assertEqual(present.acknowledged, undefined, "acknowledged");
    },
  },
  {
    title: "another finding than the present one cannot be acknowledged",
    run: async (context) => {
      const node = await startNode(context);
      const { epoch } = await claimShard(node, 1);
      const unknown = { kind: "unknown-loss" } as const;
      const request = { subject: 1, id: "other", by: "ops", reason: "r" } as const;
      assertEqual(await node.backend.losses.acknowledge(request), unknown, "without a finding");
      await compare(node, [{ epoch, seq: 4 }], { id: "first" });
      assertEqual(await node.backend.losses.acknowledge(request), unknown, "another finding");
      assertEqual(only(await listed(node), "findings").acknowledged, undefined, "acknowledged");
    },
  },
  {
    title: "a finding ends by itself a day after it was last widened",
    run: async (context) => {
      const node = await startNode(context);
      const { epoch } = await claimShard(node, 1);
      await compare(node, [{ epoch, seq: 4 }], { id: "first" });
      await context.advance(lossKeptMs / 2);
      await compare(node, [{ epoch, seq: 5 }]);
      await context.advance(lossKeptMs / 2 + 1_000);
      const finding = only(await listed(node), "findings");
      await context.advance(lossKeptMs / 2);
      assertEqual(await listed(node), [], "findings");
      assertEqual(await acknowledge(node, finding), { kind: "unknown-loss" }, "acknowledging");
      await compare(node, [{ epoch, seq: 3 }], { id: "second" });
      const present = only(await listed(node), "findings");
      assertEqual(present.id, "second", "id");
      assertEqual(present.commits?.to.seq, 3, "range");
    },
  },
  {
    title: "a record that is not there is compared once it was made anew, and everything was lost",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1);
      const { born } = await inspect(node, 1);
      const known = { epoch: held.epoch, seq: 1 };
      await context.loseData?.();
      assertEqual(await compare(node, [known]), { kind: "absent" }, "while it is not there");
      await node.backend.membership.join(joinRequest(node.id, node.incarnation));
      assertThat((await inspect(node, 1)).born !== born, "the record is another one");
      assertKind(await compare(node, [known]), "lost", "made anew");
      const { commits } = only(await listed(node), "findings");
      assertEqual(commits, { from: { epoch: 0, seq: 0 }, to: known }, "range");
    },
  },
  {
    title: "a dataset that was made anew is found to be another, once",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const { losses, membership } = node.backend;
      const former = node.joined.datasetId;
      const request = { nodeId: node.id, id: "first", former };
      assertKind(await losses.compareDataset(request), "kept", "before");
      assertEqual(await listed(node, "cluster"), [], "findings before");
      assertEqual((await membership.list()).lossMark, "", "mark before");
      await context.loseData?.();
      assertEqual(await losses.compareDataset(request), { kind: "absent" }, "without data");
      const joined = assertKind(
        await membership.join(joinRequest(node.id, node.incarnation)),
        "joined",
        "join",
      );
      assertKind(await losses.compareDataset(request), "lost", "made anew");
      assertKind(await losses.compareDataset({ ...request, id: "second" }), "lost", "repeat");
      const finding = only(await listed(node, "cluster"), "findings");
      assertEqual(finding.id, "first", "id");
      assertEqual(finding.dataset, { former, present: joined.datasetId }, "datasets");
      const { lossMark } = await membership.list();
      assertThat(lossMark !== "", "the list shows a mark");
      assertKind(await acknowledge(node, finding), "acknowledged", "acknowledging");
      assertThat((await membership.list()).lossMark !== lossMark, "the mark has changed");
    },
  },
  {
    title: "findings are listed for the subjects asked alone",
    run: async (context) => {
      const node = await startNode(context);
      const { epoch } = await claimShard(node, 1);
      await compare(node, [{ epoch, seq: 4 }]);
      const { losses } = node.backend;
      assertEqual(await losses.list({ subjects: [] }), [], "of none");
      assertEqual(await losses.list({ subjects: [0, 2, "cluster"] }), [], "of others");
      only(await losses.list({ subjects: ["cluster", 0, 1] }), "of all");
    },
  },
];

/** The same node as if it had joined later. */
const later = (node: TestNode): TestNode["joined"] => ({
  ...node.joined,
  join: node.joined.join + 5,
});
