import type { ActorKey, ShardId } from "./ids.ts";

/** Names one actor of the cluster. */
export interface ActorAddress {
  readonly kind: string;
  readonly id: string;
}

export const maxActorIdLength = 512;

/** Joins kind and id; kinds hold no slash, so the first one separates. */
export const actorKey = (kind: string, id: string): ActorKey => `${kind}/${id}` as ActorKey;

/** Splits what {@link actorKey} joined. */
export const parseActorKey = (key: ActorKey): ActorAddress => {
  const slash = key.indexOf("/");
  return { kind: key.slice(0, slash), id: key.slice(slash + 1) };
};

/** FNV-1a over UTF-16 code units, then murmur3's finaliser so that low bits spread. */
export const stableHash = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
};

/** The shard a partition key belongs to; the same on every node and in every release. */
export const shardOf = (partitionKey: string, shardCount: number): ShardId =>
  stableHash(partitionKey) % shardCount;
