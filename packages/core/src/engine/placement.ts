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
 * Maps each shard to the node that should own it; `undefined` where no node takes shards. Each shard
 * goes to the node that draws it highest among those with room: no node owns more than its share,
 * rounded up, so that few shards are spread evenly too. Adding or removing a node moves the shards
 * it wins or held, and now and then one more to keep the shares.
 */
export const placeShards = (
  nodes: readonly NodeRecord[],
  shardCount: number,
): readonly (NodeId | undefined)[] => {
  const candidates = nodes.filter(takesShards).sort((a, b) => (a.id < b.id ? -1 : 1));
  const weights = candidates.reduce((sum, node) => sum + node.info.weight, 0);
  const room = new Map(
    candidates.map((node) => [node.id, Math.ceil((shardCount * node.info.weight) / weights)]),
  );
  return Array.from({ length: shardCount }, (_, shard) => {
    let best: NodeId | undefined;
    let bestScore = -1;
    for (const node of candidates) {
      if ((room.get(node.id) ?? 0) === 0) continue;
      const own = score(node, shard);
      if (own > bestScore) {
        best = node.id;
        bestScore = own;
      }
    }
    if (best !== undefined) room.set(best, (room.get(best) ?? 0) - 1);
    return best;
  });
};
