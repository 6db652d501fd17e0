/** Who owns a shard: inspect, claim, release, check (I1). */
import type {
  ClaimAnswer,
  ClaimId,
  EntryId,
  HistoryId,
  Incarnation,
  NodeId,
  OutId,
  Ownership,
  ShardId,
  ShardStore,
  UncleanTakeover,
} from "@muster/core/ports";
import { foundInPieces, inPieces } from "./in-pieces.ts";
import { heldOf } from "./keys.ts";
import type { Reply } from "./link.ts";
import { refusalOf, unexpected } from "./refusal.ts";
import { list, number, statusOf, text } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

type Inspected = Awaited<ReturnType<ShardStore["inspect"]>>[number];

export const ownershipOf = (
  shard: ShardId,
  fields: readonly Reply[],
  presentHistoryId: Reply | undefined,
): Ownership => ({
  shard,
  claimId: text(fields[0]) as ClaimId,
  owner: text(fields[1]) as NodeId,
  incarnation: text(fields[2]) as Incarnation,
  released: text(fields[0]) !== "none" && text(fields[3]) === "1",
  epoch: number(fields[4]),
  seq: number(fields[5]),
  historyId: text(fields[6]) as HistoryId,
  presentHistoryId: text(presentHistoryId) as HistoryId,
  pending: number(fields[7]),
  born: text(fields[8]),
  lossMark: text(fields[9]),
  written: { epoch: number(fields[10]), seq: number(fields[11]) },
});

/** Take-overs as the ownership record keeps them: epoch, entry and time, each on a line of its own. */
const uncleanOf = (lines: string): readonly UncleanTakeover[] =>
  [...lines.matchAll(/^(\d+) (\S+) (\d+)$/gm)].map(([, ended, entry, at]) => ({
    ended: Number(ended),
    entry: entry as EntryId,
    at: Number(at),
  }));

const claimAnswer = (shard: ShardId, answer: readonly Reply[]): ClaimAnswer => {
  switch (statusOf(answer)) {
    case "ok":
      return {
        kind: "claimed",
        epoch: number(answer[1]),
        historyId: text(answer[2]) as HistoryId,
        outId: text(answer[3]) as OutId,
        notBefore: number(answer[4]),
        unclean: uncleanOf(text(answer[5])),
      };
    case "held":
      return { kind: "held", ownership: ownershipOf(shard, list(answer[1]), answer[2]) };
    case "stale-membership":
      return { kind: "stale-membership", seen: number(answer[1]) };
    case "lost":
      return { kind: "lost" };
    default:
      return unexpected(answer);
  }
};

export const ownershipCalls = (
  context: StoreContext,
): Pick<ShardStore, "inspect" | "claim" | "release" | "check" | "raiseFloor"> => {
  const { keys, run } = context;
  return {
    inspect: ({ shards }) =>
      foundInPieces(shards, context.together, async (piece) => {
        const answer = await run({
          script: scripts.inspect,
          keys: piece.map((shard) => keys.shard(shard).own),
          args: [],
        });
        return piece.map((shard, i): Inspected => {
          const fields = list(answer[i + 2]);
          return statusOf(fields) === "lost"
            ? { shard, kind: "lost" }
            : ownershipOf(shard, fields.slice(1), answer[1]);
        });
      }),
    claim: async (request) => {
      const { shard } = request;
      const ofShard = keys.shard(shard);
      const { own, prod, outn } = ofShard;
      const held = heldOf(ofShard);
      const answer = await run({
        script: scripts.claim,
        keys: [own, prod, outn, ...held.keys],
        args: [
          request.claimId,
          request.seen,
          request.nodeId,
          request.incarnation,
          request.datasetId,
          String(request.epochKnown),
          String(request.membershipVersion),
          String(request.notBefore),
          String(request.producerFloor),
          context.random.id(),
          request.afterLoss ? "1" : "0",
          context.time(),
          held.kinds,
        ],
        shard,
      });
      return claimAnswer(shard, answer);
    },
    release: async ({ claim }) => {
      const answer = await run({
        script: scripts.release,
        keys: [keys.shard(claim.shard).own],
        args: [claim.claimId, claim.historyId],
        shard: claim.shard,
      });
      return refusalOf(answer) ?? { kind: "released" };
    },
    raiseFloor: async ({ shards, floor }) => {
      await inPieces(shards, 1, async (piece) => {
        for (const shard of piece) {
          const { own, prod } = keys.shard(shard);
          await run({
            script: scripts.raiseFloor,
            keys: [own, prod],
            args: [String(floor)],
            shard,
          });
        }
        return piece;
      });
    },
    check: async ({ claims, membershipVersion }) => {
      const answers = await inPieces(claims, context.together, async (piece) => {
        const answer = await run({
          script: scripts.check,
          keys: piece.map(({ shard }) => keys.shard(shard).own),
          args: [
            membershipVersion === undefined ? "" : String(membershipVersion),
            ...piece.flatMap(({ claimId, historyId }) => [claimId, historyId]),
          ],
        });
        return piece.map((_, i) => refusalOf(list(answer[i + 1])) ?? { kind: "stands" as const });
      });
      return answers.map((answer) => answer ?? { kind: "unanswered" });
    },
  };
};
