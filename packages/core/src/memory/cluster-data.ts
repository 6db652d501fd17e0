/**
 * Everything one cluster keeps in the store, in the shape of the Redis layout: what belongs to the
 * cluster, to a shard, to a node. Plain records and maps; only the adapters beside it change them.
 *
 * Bytes that were handed over are never changed by anyone, so they are kept and given out as they
 * are, and copies of the data (snapshots) share them.
 */
import type {
  ActorKey,
  ClaimId,
  DatasetId,
  EntryId,
  Epoch,
  HistoryId,
  Incarnation,
  NodeId,
  OutId,
  ProducerId,
  RedisMs,
  ShardId,
} from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { Position } from "../model/position.ts";
import type { EventLog, StoredEvent } from "../ports/event-store.ts";
import type { LossFinding } from "../ports/loss-store.ts";
import type { ReapedNode } from "../ports/membership-store.ts";
import type { OutMessage, Timer, UncleanTakeover } from "../ports/shard-store.ts";
import { DeadLetters } from "./dead-letters.ts";
import { KeptReplies } from "./kept-replies.ts";
import { MailStream } from "./mail-stream.ts";

/** A node's record with what only the store needs. */
export interface Member {
  record: NodeRecord;
  /** Number given at the join; part of the node's producer ids. */
  readonly join: number;
  readonly leaseMs: number;
  flaps: number;
  /** Since when the alive subscription is missing. */
  missingSince: RedisMs | "present";
  /** Until when its absence is ignored. */
  deafUntil: RedisMs;
  /** When it was lost or left. */
  goneAt: RedisMs | "here";
  /** It was gone for so long that its incarnation counts no more. */
  isVoid: boolean;
}

export interface MembershipData {
  readonly datasetId: DatasetId;
  readonly createdBy: Incarnation;
  readonly shardCount: number;
  version: number;
  joins: number;
  readonly members: Map<NodeId, Member>;
  /** Forgotten nodes whose rows are to be dropped. */
  readonly reaped: Map<NodeId, ReapedNode>;
  /** Of any node. */
  lastBeat: { readonly at: RedisMs; readonly historyId: HistoryId } | undefined;
  /** Missing alive subscriptions prove nothing before this time. */
  probeFrom: RedisMs;
}

/** The finding of lost data of one subject, and how often it changed. */
export interface LossData {
  finding: LossFinding | undefined;
  changes: number;
}

/** Ownership of one shard. */
export interface Own {
  readonly born: string;
  datasetId: DatasetId;
  historyId: HistoryId | "none";
  owner: NodeId | "none";
  incarnation: Incarnation | "none";
  claimId: ClaimId | "none";
  released: boolean;
  /** The last two, oldest first. */
  unclean: readonly UncleanTakeover[];
  epoch: Epoch;
  seq: number;
  hash: string;
  /** Entry that the last commit added for `local`. */
  localEntry: EntryId | undefined;
  /** The entry before it. */
  localPrevious: EntryId | undefined;
  /** Where earlier claims ended, oldest first. */
  readonly finals: Map<ClaimId, Position>;
  notBefore: RedisMs;
  closed: readonly string[];
  outId: OutId | "none";
  membershipVersion: number;
}

/** Last batch of one producer, and whether it was taken or refused as too much. */
export interface ProducerRecord {
  readonly number: number;
  readonly hash: string;
  readonly outcome: "taken" | "full";
}

export interface KindRows {
  n: number;
  readonly rows: Map<string, Uint8Array>;
}

export interface ShardData {
  readonly own: Own;
  readonly mail: MailStream;
  /** Messages waiting in `mail`. */
  pending: number;
  readonly partial: Map<EntryId, Uint8Array>;
  readonly producers: Map<ProducerId, ProducerRecord>;
  producerFloor: number;
  /** Last number taken per source shard and out id. */
  readonly sources: Map<string, number>;
  readonly states: Map<ActorKey, Uint8Array>;
  readonly timers: Map<string, Timer>;
  readonly out: Map<string, OutMessage>;
  readonly outNumbers: Map<ShardId, number>;
  readonly effects: Map<string, Uint8Array>;
  readonly deferrals: Map<string, Uint8Array>;
  readonly views: Map<string, KindRows>;
  readonly replies: KeptReplies;
  readonly tries: Map<string, Uint8Array>;
  readonly dead: DeadLetters;
  log: readonly Uint8Array[];
  readonly loss: LossData;
}

/** Status rows of one node. */
export interface StatusData {
  incarnation: Incarnation | "none";
  seq: number;
  n: number;
  readonly rows: Map<string, Uint8Array>;
  /** Incarnations that were replaced, oldest first: none of them registers again. */
  readonly retired: Set<Incarnation>;
}

/** The stream of events, the audit, and the last number taken per source and numbering. */
export interface EventsData {
  readonly kept: Record<EventLog, StoredEvent[]>;
  readonly sources: Map<string, number>;
}

export interface ClusterData {
  membership: MembershipData | undefined;
  readonly shards: Map<ShardId, ShardData>;
  readonly status: Map<NodeId, StatusData>;
  /** Losses that belong to no shard. */
  readonly loss: LossData;
  /** Who holds which role of the cluster. */
  readonly roles: Map<string, { readonly token: string; readonly until: RedisMs }>;
  /** Number of the last election. */
  fence: number;
  readonly events: EventsData;
}

export const emptyCluster = (): ClusterData => ({
  membership: undefined,
  shards: new Map(),
  status: new Map(),
  loss: { finding: undefined, changes: 0 },
  roles: new Map(),
  fence: 0,
  events: { kept: { events: [], audit: [] }, sources: new Map() },
});

export const emptyShard = (born: string, datasetId: DatasetId): ShardData => ({
  own: {
    born,
    datasetId,
    historyId: "none",
    owner: "none",
    incarnation: "none",
    claimId: "none",
    released: true,
    unclean: [],
    epoch: 0,
    seq: 0,
    hash: "",
    localEntry: undefined,
    localPrevious: undefined,
    finals: new Map(),
    notBefore: 0,
    closed: [],
    outId: "none",
    membershipVersion: 0,
  },
  mail: MailStream.empty(),
  pending: 0,
  partial: new Map(),
  producers: new Map(),
  producerFloor: 0,
  sources: new Map(),
  states: new Map(),
  timers: new Map(),
  out: new Map(),
  outNumbers: new Map(),
  effects: new Map(),
  deferrals: new Map(),
  views: new Map(),
  replies: new KeptReplies(),
  tries: new Map(),
  dead: new DeadLetters(),
  log: [],
  loss: { finding: undefined, changes: 0 },
});

export const emptyStatus = (): StatusData => ({
  incarnation: "none",
  seq: 0,
  n: 0,
  rows: new Map(),
  retired: new Set(),
});
