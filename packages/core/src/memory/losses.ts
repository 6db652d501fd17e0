/** Findings of lost data in memory: each comparison one step on the shard's own record. */
import type { ProducerId } from "../model/ids.ts";
import { earlierOf, lastKept, laterOf, type Position } from "../model/position.ts";
import type { LossFinding, LossStore, LossSubject, SenderMark } from "../ports/loss-store.ts";
import { marksOf } from "./claim.ts";
import type { LossData, ShardData } from "./cluster-data.ts";
import type { Link } from "./link.ts";
import { type Missing, noteLoss, standing } from "./loss-finding.ts";

type ShardRequest = Parameters<LossStore["compareShard"]>[0];

const senderName = (mark: SenderMark): string =>
  mark.kind === "producer" ? mark.producer : `shard ${mark.shard}`;

/** The last batch the mailbox holds of a sender; `kept` where the sender was reaped. */
const lastBatch = (shard: ShardData, mark: SenderMark): number | "kept" => {
  if (mark.kind === "shard") return shard.sources.get(`${mark.shard}:${mark.outId}`) ?? 0;
  const known = shard.producers.get(mark.producer as ProducerId);
  if (known) return known.number;
  return Number.parseInt(mark.producer, 10) < shard.producerFloor ? "kept" : 0;
};

const missingCommits = (
  shard: ShardData,
  positions: readonly Position[],
): { readonly from: Position; readonly to: Position } | undefined => {
  let range: { from: Position; to: Position } | undefined;
  for (const known of positions) {
    const left = lastKept(marksOf(shard), known);
    if (left === "kept") continue;
    range = {
      from: earlierOf(left, range?.from ?? left),
      to: laterOf(known, range?.to ?? known),
    };
  }
  return range;
};

const missingIn = (shard: ShardData, request: ShardRequest): Missing | undefined => {
  const commits = missingCommits(shard, request.positions);
  const batches: LossFinding["batches"][number][] = [];
  for (const mark of request.senders) {
    const last = lastBatch(shard, mark);
    if (last === "kept" || last >= mark.number) continue;
    batches.push({ sender: senderName(mark), from: last + 1, to: mark.number });
  }
  if (!commits && batches.length === 0) return undefined;
  return { ...(commits && { commits }), batches };
};

export const memoryLosses = (link: Link): LossStore => {
  const lossOf = (subject: LossSubject): LossData | undefined =>
    subject === "cluster" ? link.data.loss : link.data.shards.get(subject)?.loss;
  return {
    compareShard: (request) =>
      link.call("compareShard", () => {
        const shard = link.data.shards.get(request.shard);
        if (!shard) return { kind: "absent" };
        const life = `${shard.own.historyId} ${shard.own.born}`;
        const { epoch } = shard.own;
        const missing = missingIn(shard, request);
        if (!missing) return { kind: "kept", life, epoch };
        const { shard: subject, id, nodeId } = request;
        noteLoss(shard.loss, { subject, id, nodeId, now: link.now }, missing);
        return { kind: "lost", life, epoch };
      }),
    compareDataset: ({ nodeId, id, former }) =>
      link.call("compareDataset", () => {
        const present = link.data.membership?.datasetId;
        if (present === undefined) return { kind: "absent" };
        if (present === former) return { kind: "kept", life: present, epoch: 0 };
        const found = { subject: "cluster", id, nodeId, now: link.now } as const;
        noteLoss(link.data.loss, found, { batches: [], dataset: { former, present } });
        return { kind: "lost", life: present, epoch: 0 };
      }),
    list: ({ subjects }) =>
      link.call("listLosses", () =>
        subjects.flatMap((subject) => {
          const loss = lossOf(subject);
          return (loss && standing(loss, link.now)) ?? [];
        }),
      ),
    acknowledge: ({ subject, id, by, reason }) =>
      link.call("acknowledge", () => {
        const loss = lossOf(subject);
        const finding = loss && standing(loss, link.now);
        if (!loss || finding?.id !== id) return { kind: "unknown-loss" };
        if (finding.acknowledged) return { kind: "acknowledged", finding };
        const acknowledged = { ...finding, acknowledged: { by, reason, at: link.now } };
        loss.finding = acknowledged;
        loss.changes += 1;
        return { kind: "acknowledged", finding: acknowledged };
      }),
  };
};
