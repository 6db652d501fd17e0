/**
 * Creates the cluster's data: `creating` in {c}:meta, then the record of every shard, then `ready`.
 * Each step may be repeated and raced, so that twenty nodes may do it at once, and whoever comes next
 * finishes what a creator left half-way. A shard's record that is absent later is a loss.
 */
import type { DatasetId, Incarnation, ShardId } from "@muster/core/ports";
import { heldOf } from "./keys.ts";
import { number, text } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

interface Meta {
  readonly dataset: DatasetId;
  readonly shardCount: number;
}

export const createData = async (
  context: StoreContext,
  shardCount: number,
  incarnation: Incarnation,
): Promise<void> => {
  const { keys, run } = context;
  const { meta } = keys.cluster;

  const begin = async (): Promise<Meta> => {
    const answer = await run({
      script: scripts.createMeta,
      keys: [meta],
      args: [context.random.id(), String(shardCount), incarnation],
    });
    return { dataset: text(answer[1]) as DatasetId, shardCount: number(answer[2]) };
  };
  /** Answers the dataset of the record that is there afterwards. */
  const createOwn = async (shard: ShardId, dataset: DatasetId, adopt: string): Promise<string> => {
    const ofShard = keys.shard(shard);
    const held = heldOf(ofShard);
    const answer = await run({
      script: scripts.createOwn,
      keys: [ofShard.own, ...held.keys],
      args: [dataset, adopt, context.random.id(), held.kinds],
      shard,
    });
    return text(answer[1]);
  };

  const { dataset, shardCount: shards } = await begin();
  const found = await Promise.all(
    Array.from({ length: shards }, (_, shard) => createOwn(shard, dataset, "")),
  );
  if (found.some((there) => there !== dataset)) {
    // Records that outlived {c}:meta are kept, unless it is we who are late.
    if ((await begin()).dataset !== dataset) return;
    await Promise.all(
      found.map((there, shard) => (there === dataset ? there : createOwn(shard, dataset, there))),
    );
  }
  await run({ script: scripts.metaReady, keys: [meta], args: [dataset] });
};
