/** Backends for the unit tests of this package: made, joined and holding a shard in few words. */
import {
  type Claim,
  type ClaimId,
  type Clock,
  type CommitAnswer,
  type CommitRequest,
  type DatasetId,
  type Incarnation,
  type NodeId,
  type ShardId,
  silentLogger,
  systemClock,
  systemRandom,
} from "@muster/core/ports";
import { type RedisBackendOptions, resolveRedisOptions } from "../src/options.ts";
import { RedisBackend, type RedisBackendHooks } from "../src/redis-backend.ts";

export const cluster = "test";
export const shardCount = 4;

export interface TestBackendOptions {
  readonly name?: string;
  readonly cluster?: string;
  readonly incarnation?: string;
  readonly clock?: Clock;
  readonly hooks?: RedisBackendHooks;
}

/** Makes a backend without opening it. */
export const makeBackend = (
  options: RedisBackendOptions,
  over: TestBackendOptions = {},
): RedisBackend =>
  new RedisBackend(
    resolveRedisOptions(options),
    {
      cluster: over.cluster ?? cluster,
      nodeId: (over.name ?? "web-1") as NodeId,
      incarnation: (over.incarnation ?? `${over.name ?? "web-1"}-life`) as Incarnation,
      clock: over.clock ?? systemClock,
      random: systemRandom,
      logger: silentLogger,
    },
    over.hooks,
  );

export const joinNode = async (
  backend: RedisBackend,
  name = "web-1",
  incarnation = `${name}-life`,
) => {
  const answer = await backend.membership.join({
    nodeId: name as NodeId,
    incarnation: incarnation as Incarnation,
    leaseMs: 1_500,
    shardCount,
    info: {
      host: "host",
      pid: 1,
      version: "1",
      runtime: "bun",
      weight: 1,
      ephemeral: false,
      kinds: [],
    },
  });
  if (answer.kind !== "joined") throw new Error(`join answered ${answer.kind}`);
  return answer;
};

/** Claims a shard that nobody holds, or takes it from `seen`. */
export const claimShard = async (
  backend: RedisBackend,
  datasetId: DatasetId,
  shard: ShardId = 1,
  seen: ClaimId | "none" = "none",
  producerFloor = 0,
): Promise<Claim> => {
  const claimId = systemRandom.id() as ClaimId;
  const answer = await backend.shards.claim({
    shard,
    claimId,
    seen,
    nodeId: "web-1" as NodeId,
    incarnation: "web-1-life" as Incarnation,
    datasetId,
    epochKnown: 0,
    membershipVersion: 1_000,
    notBefore: 0,
    producerFloor,
  });
  if (answer.kind !== "claimed") throw new Error(`claim answered ${answer.kind}`);
  return { shard, claimId, historyId: answer.historyId };
};

export const commit = (
  backend: RedisBackend,
  claim: Claim,
  seq: number,
  parts: Partial<CommitRequest> = {},
): Promise<CommitAnswer> => backend.shards.commit({ claim, seq, hash: `hash-${seq}`, ...parts });

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
