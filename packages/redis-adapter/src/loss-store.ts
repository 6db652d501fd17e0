/** Findings of lost data: compared beside the data, kept beside it (I2). */
import {
  BackendUnavailable,
  type Comparison,
  type DatasetId,
  type LossFinding,
  type LossStore,
  type LossSubject,
  lossKeptMs,
  lossSenders,
  type NodeId,
  type Position,
  type SenderMark,
} from "@muster/core/ports";
import { inPieces } from "./in-pieces.ts";
import type { Argument, Reply } from "./link.ts";
import { unexpected } from "./refusal.ts";
import { eachPair, list, number, statusOf, text } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

/** A sender's name in findings; of a shard it is no producer's, which begin with a number. */
const senderArguments = (mark: SenderMark): readonly Argument[] =>
  mark.kind === "producer"
    ? [mark.producer, "p", String(Number.parseInt(mark.producer, 10)), String(mark.number)]
    : [`shard ${mark.shard}`, "s", mark.outId, String(mark.number)];

const positionOf = (written: string | undefined): Position => {
  const [epoch, seq] = (written ?? "").split(" ");
  return { epoch: Number(epoch), seq: Number(seq) };
};

const findingOf = (subject: LossSubject, reply: Reply | undefined): LossFinding | undefined => {
  const fields = new Map<string, string>();
  const batches: { sender: string; from: number; to: number }[] = [];
  eachPair(reply, (name, value) => {
    const field = name.toString("utf8");
    if (field.startsWith("b:")) {
      const [from, to] = text(value).split(" ");
      batches.push({ sender: field.slice(2), from: Number(from), to: Number(to) });
    } else fields.set(field, text(value));
  });
  const id = fields.get("id");
  if (id === undefined) return undefined;
  const ackBy = fields.get("ackBy");
  return {
    subject,
    id,
    foundAt: Number(fields.get("foundAt")),
    foundBy: (fields.get("by") ?? "") as NodeId,
    expiresAt: Number(fields.get("until")),
    batches,
    ...(fields.has("from") && {
      commits: { from: positionOf(fields.get("from")), to: positionOf(fields.get("to")) },
    }),
    ...(fields.has("former") && {
      dataset: {
        former: fields.get("former") as DatasetId,
        present: fields.get("present") as DatasetId,
      },
    }),
    ...(ackBy !== undefined && {
      acknowledged: {
        by: ackBy,
        reason: fields.get("ackReason") ?? "",
        at: Number(fields.get("ackAt")),
      },
    }),
  };
};

const comparison = (answer: readonly Reply[]): Comparison => {
  switch (statusOf(answer)) {
    case "ok":
      return {
        kind: number(answer[1]) === 1 ? "lost" : "kept",
        epoch: number(answer[2]),
        life: answer.slice(3).map(text).join(" "),
      };
    case "lost":
      return { kind: "absent" };
    default:
      return unexpected(answer);
  }
};

export const createLossStore = (context: StoreContext): LossStore => {
  const { keys, run } = context;
  const lossKey = (subject: LossSubject): string =>
    subject === "cluster" ? keys.cluster.loss : keys.shard(subject).loss;
  return {
    compareShard: async ({ shard, nodeId, id, positions, senders }) => {
      const { own, prod, loss } = keys.shard(shard);
      return comparison(
        await run({
          script: scripts.compareShard,
          keys: [own, prod, loss],
          args: [
            nodeId,
            id,
            String(lossKeptMs),
            String(lossSenders),
            context.time(),
            String(positions.length),
            ...positions.flatMap(({ epoch, seq }) => [String(epoch), String(seq)]),
            String(senders.length),
            ...senders.flatMap(senderArguments),
          ],
          shard,
        }),
      );
    },
    compareDataset: async ({ nodeId, id, former }) =>
      comparison(
        await run({
          script: scripts.compareDataset,
          keys: [keys.cluster.meta, keys.cluster.loss],
          args: [nodeId, id, String(lossKeptMs), context.time(), former],
        }),
      ),
    list: async ({ subjects }) => {
      const findings = await inPieces(subjects, context.together, async (piece) => {
        const answer = await run({
          script: scripts.listLosses,
          keys: piece.map(lossKey),
          args: [context.time()],
        });
        return piece.map((subject, i) => ({ finding: findingOf(subject, list(answer[i + 1])) }));
      });
      if (findings.includes(undefined)) {
        // No finding would mean that nothing was lost.
        throw new BackendUnavailable(
          "list-losses",
          new Error("One of the servers did not answer."),
        );
      }
      return findings.flatMap((found) => found?.finding ?? []);
    },
    acknowledge: async ({ subject, id, by, reason }) => {
      const answer = await run({
        script: scripts.acknowledgeLoss,
        keys: [
          subject === "cluster" ? keys.cluster.meta : keys.shard(subject).own,
          lossKey(subject),
        ],
        args: [id, by, reason, context.time()],
      });
      if (statusOf(answer) === "unknown-loss") return { kind: "unknown-loss" };
      const finding = findingOf(subject, answer[1]);
      return finding ? { kind: "acknowledged", finding } : unexpected(answer);
    },
  };
};
