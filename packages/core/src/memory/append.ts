/** Adding batches to a mailbox: numbered per producer, or message by message per shard (I2, I3, I4). */

import type { EntryId } from "../model/ids.ts";
import type { AppendAnswer, AppendRequest } from "../ports/shard-store.ts";
import type { ShardData } from "./cluster-data.ts";
import { durabilityOf } from "./durability.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";
import { largestPublishedBytes } from "./publishable.ts";

type ProducerSource = Extract<AppendRequest["source"], { readonly kind: "producer" }>;
type ShardSource = Extract<AppendRequest["source"], { readonly kind: "shard" }>;

const enter = (
  link: Link,
  shard: ShardData,
  request: AppendRequest,
  payloads: readonly Uint8Array[],
  count: number,
): EntryId => {
  const previous = shard.mail.lastId;
  const entry = shard.mail.add(link.now, payloads);
  shard.pending += count;
  const topic = { topic: "wake", shard: request.shard } as const;
  const bytes = payloads.reduce((sum, payload) => sum + payload.byteLength, 0);
  link.server.hub.publish(channelOf(link.cluster, topic), () =>
    bytes > largestPublishedBytes ? topic : { ...topic, entry, previous },
  );
  return entry.id;
};

const isFull = (shard: ShardData, count: number, limit: number | undefined): boolean =>
  limit !== undefined && shard.pending + count > limit;

const fromProducer = (
  link: Link,
  shard: ShardData,
  request: AppendRequest,
  { producer, number, hash }: ProducerSource,
): AppendAnswer => {
  const known = shard.producers.get(producer);
  if (!known) {
    const reaped = Number.parseInt(producer, 10) < shard.producerFloor;
    if (reaped || number !== 1) return { kind: "unknown-producer", reaped };
  } else if (number < known.number) return { kind: "stale" };
  else if (number === known.number) {
    if (known.hash !== hash) return { kind: "conflict" };
    // As full as it is by now; the entry, or one behind it.
    return known.outcome === "full"
      ? { kind: "full", pending: shard.pending }
      : { kind: "appended", last: number, entry: shard.mail.lastId };
  } else if (number > known.number + 1) return { kind: "gap", last: known.number };

  if (isFull(shard, request.count, request.limit)) {
    shard.producers.set(producer, { number, hash, outcome: "full" });
    return { kind: "full", pending: shard.pending };
  }
  const entry = enter(link, shard, request, request.payloads, request.count);
  shard.producers.set(producer, { number, hash, outcome: "taken" });
  const { closed } = shard.own;
  return { kind: "appended", last: number, entry, ...(closed.length > 0 && { closed }) };
};

const fromShard = (
  link: Link,
  shard: ShardData,
  request: AppendRequest,
  source: ShardSource,
): AppendAnswer => {
  const name = `${source.shard}:${source.outId}`;
  const last = Math.max(shard.sources.get(name) ?? 0, source.lostUpTo ?? 0);
  if (source.first > last + 1) return { kind: "gap", last };
  const fresh = request.payloads.slice(last + 1 - source.first);
  if (fresh.length === 0) return { kind: "appended", last };
  if (isFull(shard, fresh.length, request.limit)) return { kind: "full", pending: shard.pending };
  enter(link, shard, request, fresh, fresh.length);
  shard.sources.set(name, last + fresh.length);
  return { kind: "appended", last: last + fresh.length };
};

export const appendBatch = (link: Link, request: AppendRequest): AppendAnswer => {
  const shard = link.data.shards.get(request.shard);
  if (!shard) return { kind: "lost" };
  if (request.source.kind === "shard") return fromShard(link, shard, request, request.source);
  const answer = fromProducer(link, shard, request, request.source);
  return answer.kind === "appended" ? { ...answer, ...durabilityOf(link) } : answer;
};
