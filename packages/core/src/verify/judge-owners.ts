/** Judges who runs a shard against its record. Pure. */
import { isGone, type NodeRecord } from "../model/node-record.ts";
import type { Ownership } from "../ports/shard-store.ts";
import type { Findings } from "./model.ts";

/** A shard that a node says it runs. */
export interface RunShard {
  readonly nodeId: string;
  readonly shard: number;
  readonly claimId: string;
  readonly epoch: number;
  /** Number of the last commit that was acknowledged to it. */
  readonly seq: number;
}

export const judgeOwner = (
  record: Ownership,
  nodes: readonly NodeRecord[],
  run: readonly RunShard[],
  into: Findings,
): void => {
  const here = `shard/${record.shard}`;
  const wait = `Others take it over by themselves; if not, see muster explain ${here}`;
  into.look("shards", 1);
  const isHeld = record.claimId !== "none" && !record.released;
  if (isHeld) {
    const holder = nodes.find(({ id }) => id === record.owner);
    if (!holder) {
      into.find("shards", here, `its owner ${record.owner} is no node of the cluster`, wait);
    } else if (holder.incarnation !== record.incarnation) {
      const message = `its owner ${record.owner} has started anew since, and nobody took it over`;
      into.find("shards", here, message, wait);
    } else if (isGone(holder.state)) {
      into.find("shards", here, `its owner ${record.owner} is ${holder.state}`, wait);
    } else if (record.historyId !== record.presentHistoryId) {
      const message = "it was claimed under another run of Redis, and not claimed afresh";
      into.find("shards", here, message, wait);
    }
  } else if (nodes.some(({ state, cordoned }) => state === "up" && !cordoned)) {
    into.find("shards", here, "nobody owns it", wait);
  }
  into.look("owners", run.length);
  const restart = "Restart the node: Redis refuses what it writes.";
  for (const { nodeId, claimId, epoch, seq } of run) {
    if (claimId !== record.claimId) {
      const message = `${nodeId} runs it under epoch ${epoch}, and ${record.owner} is recorded with ${record.epoch}`;
      into.find("owners", here, message, restart);
      continue;
    }
    if (nodeId !== record.owner || epoch !== record.epoch) {
      const message = `${nodeId} runs it under epoch ${epoch}, and the record of this claim says ${record.owner} and ${record.epoch}`;
      into.find("owners", here, message, restart);
    }
    into.look("sequence", 1);
    if (seq > record.seq) {
      const message = `commit ${seq} was acknowledged to ${nodeId}, and the record ends at ${record.seq}`;
      into.find("sequence", here, message, "Data went back: see muster losses.");
    }
  }
};
