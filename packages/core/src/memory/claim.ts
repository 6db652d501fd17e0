/** Taking a shard: compare-and-set on the claim seen, fresh claim id, epoch above all known (I1). */
import type { ClaimId, OutId, ShardId } from "../model/ids.ts";
import { type ClaimMarks, origin, type Position } from "../model/position.ts";
import type { ClaimAnswer, ClaimRequest, Ownership } from "../ports/shard-store.ts";
import { emptyShard, type ShardData } from "./cluster-data.ts";
import type { Link } from "./link.ts";
import { lossMarkOf } from "./loss-finding.ts";

/** Claims whose final commit number is remembered. */
const finalsKept = 16;

/** Where the present claim and those before it stand, newest first. */
export const marksOf = ({ own }: ShardData): ClaimMarks => ({
  marks: [{ epoch: own.epoch, seq: own.seq }, ...[...own.finals.values()].reverse()],
  isWhole: own.finals.size < finalsKept,
});

export const ownershipOf = (link: Link, shard: ShardId, data: ShardData): Ownership => {
  const { own, pending, loss } = data;
  return {
    shard,
    claimId: own.claimId,
    owner: own.owner,
    incarnation: own.incarnation,
    released: own.claimId !== "none" && own.released,
    epoch: own.epoch,
    seq: own.seq,
    historyId: own.historyId,
    presentHistoryId: link.historyOf(shard),
    pending,
    born: own.born,
    written: marksOf(data).marks.find(({ seq }) => seq > 0) ?? origin,
    lossMark: lossMarkOf(loss),
  };
};

const rememberFinal = (finals: Map<ClaimId, Position>, claimId: ClaimId, at: Position): void => {
  finals.set(claimId, at);
  const [oldest] = finals.keys();
  if (finals.size > finalsKept && oldest !== undefined) finals.delete(oldest);
};

const joinNumberOf = (producer: string): number => Number.parseInt(producer, 10);

/** Raises the floor and drops the producers below it; late copies of theirs find none (I3). */
export const raiseProducerFloor = (shard: ShardData, floor: number): void => {
  if (floor <= shard.producerFloor) return;
  shard.producerFloor = floor;
  for (const producer of shard.producers.keys()) {
    if (joinNumberOf(producer) < floor) shard.producers.delete(producer);
  }
};

const grant = (link: Link, shard: ShardData, request: ClaimRequest): void => {
  const { own, mail } = shard;
  const historyId = link.historyOf(request.shard);
  if (own.claimId !== "none" && !own.released && own.incarnation !== request.incarnation) {
    const takeover = { ended: own.epoch, entry: mail.lastId, at: link.now };
    own.unclean = [...own.unclean.slice(-1), takeover];
  }
  if (own.claimId !== "none") {
    rememberFinal(own.finals, own.claimId, { epoch: own.epoch, seq: own.seq });
  }
  const epoch = Math.max(own.epoch + 1, request.epochKnown + 1, link.now);
  if (own.historyId !== historyId) {
    // The numbers given before may be given again by a shard that went back: another identity.
    own.outId = `${epoch}.${link.server.newId<string>()}` as OutId;
    shard.outNumbers.clear();
  }
  own.historyId = historyId;
  own.owner = request.nodeId;
  own.incarnation = request.incarnation;
  own.claimId = request.claimId;
  own.released = false;
  own.epoch = epoch;
  own.seq = 0;
  own.hash = "";
  own.localEntry = undefined;
  own.localPrevious = undefined;
  own.notBefore = Math.max(own.notBefore, request.notBefore);
  own.membershipVersion = request.membershipVersion;
  own.closed = [];
  raiseProducerFloor(shard, request.producerFloor);
};

const granted = ({ own }: ShardData): ClaimAnswer =>
  own.historyId === "none" || own.outId === "none"
    ? { kind: "lost" }
    : {
        kind: "claimed",
        epoch: own.epoch,
        historyId: own.historyId,
        outId: own.outId,
        notBefore: own.notBefore,
        unclean: own.unclean,
      };

const recreate = (link: Link, request: ClaimRequest): ShardData => {
  const made = emptyShard(link.server.newId(), request.datasetId);
  link.data.shards.set(request.shard, made);
  return made;
};

export const claimShard = (link: Link, request: ClaimRequest): ClaimAnswer => {
  const present = link.data.shards.get(request.shard);
  if (!present && !request.afterLoss) return { kind: "lost" };
  const shard = present ?? recreate(link, request);
  const { own } = shard;
  if (own.datasetId !== request.datasetId) return { kind: "lost" };
  if (own.claimId === request.claimId) {
    // A repeat writes nothing, and grants nothing once it was released or the history is another.
    return own.released || own.historyId !== link.historyOf(request.shard)
      ? { kind: "held", ownership: ownershipOf(link, request.shard, shard) }
      : granted(shard);
  }
  if (request.membershipVersion < own.membershipVersion) {
    return { kind: "stale-membership", seen: own.membershipVersion };
  }
  if (present && own.claimId !== request.seen) {
    return { kind: "held", ownership: ownershipOf(link, request.shard, shard) };
  }
  grant(link, shard, request);
  return granted(shard);
};
