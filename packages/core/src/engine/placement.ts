/** Which node should own which shard: rendezvous hashing with weights, pure, so nodes agree without talking. */
import { stableHash } from "../model/actor-address.ts";
import type { NodeId, ShardId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";

/** Only nodes that are up and not cordoned take shards. */
export const takesShards = (node: NodeRecord): boolean =>
  node.state === "up" && !node.cordoned && node.info.weight > 0;

const score = (node: NodeRecord, shard: ShardId): number => {
  const draw = (stableHash(`${node.id}\u0000${shard}`) + 0.5) / 4_294_967_296;
  return -node.info.weight / Math.log(draw);
};

/**
 * Maps each shard to the node that should own it; `undefined` where no node takes shards. Adding or
 * removing a node moves only the shards it wins or held.
 */
export const placeShards = (
  nodes: readonly NodeRecord[],
  shardCount: number,
): readonly (NodeId | undefined)[] => {
  const candidates = nodes.filter(takesShards);
  return Array.from({ length: shardCount }, (_, shard) => {
    let best: NodeRecord | undefined;
    let bestScore = -1;
    for (const node of candidates) {
      const own = score(node, shard);
      if (own > bestScore || (own === bestScore && best !== undefined && node.id < best.id)) {
        best = node;
        bestScore = own;
      }
    }
    return best?.id;
  });
};
