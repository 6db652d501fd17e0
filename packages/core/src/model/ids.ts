/**
 * Branded identifiers. A brand keeps a claim id from being passed where a node id is meant; at run
 * time each is the plain string or number it looks like.
 */
declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Stable across restarts of one server process. */
export type NodeId = Brand<string, "NodeId">;
/** New at each start of a node; a row or a heartbeat of another incarnation is not this process's. */
export type Incarnation = Brand<string, "Incarnation">;
/** One ownership period of one shard; what every script compares. */
export type ClaimId = Brand<string, "ClaimId">;
/** One run of the Redis primary (`master_replid`); a new one means data may be missing. */
export type HistoryId = Brand<string, "HistoryId">;
/** One life of the cluster's data, from its creation to its loss or purge. */
export type DatasetId = Brand<string, "DatasetId">;
/** A registered writer to mailboxes: join number and a random part, `"<join>.<random>"`. */
export type ProducerId = Brand<string, "ProducerId">;
/** Numbering of one shard's outgoing messages, `"<epoch>.<random>"`; new after any change of history. */
export type OutId = Brand<string, "OutId">;
/** `kind/id`, the name of an actor inside its shard. */
export type ActorKey = Brand<string, "ActorKey">;
/** Stream id of one mailbox entry, `"<ms>-<n>"`. */
export type EntryId = Brand<string, "EntryId">;

/** Place in the stream of events, `"<ms>-<n>"`: Redis time, and the count of all events so far. */
export type EventId = Brand<string, "EventId">;

/** Index of a shard, from 0 to shard count − 1. */
export type ShardId = number;
/** Grows at each change of a shard's owner; with the dataset id the fence for the outside. */
export type Epoch = number;
/** Epoch milliseconds by Redis time. */
export type RedisMs = number;

export const idPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
