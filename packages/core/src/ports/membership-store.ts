/**
 * Who is in the cluster. One heartbeat a node judges all peers inside the store, so that no clock
 * of a node takes part.
 */
import type { DatasetId, HistoryId, Incarnation, NodeId, RedisMs } from "../model/ids.ts";
import type { NodeInfo, NodeRecord, NodeStats } from "../model/node-record.ts";
import type { Term } from "./guard.ts";

export interface JoinRequest {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly info: NodeInfo;
  readonly leaseMs: number;
  /** Used only when the cluster's data is created by this call. */
  readonly shardCount: number;
}
export type JoinAnswer =
  | {
      readonly kind: "joined";
      readonly datasetId: DatasetId;
      readonly historyId: HistoryId;
      readonly shardCount: number;
      /** Number for this incarnation's producer id. */
      readonly join: number;
      readonly cordoned: boolean;
      readonly version: number;
      readonly now: RedisMs;
      /** True when this call created the cluster's data. */
      readonly created: boolean;
    }
  /** Another incarnation under this node id holds its lease for `waitMs` more. */
  | { readonly kind: "taken"; readonly incarnation: Incarnation; readonly waitMs: number }
  /** The cluster's data was created with another shard count. */
  | { readonly kind: "mismatch"; readonly shardCount: number };

export interface HeartbeatRequest {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly leaseMs: number;
  /** What this node now is; `joining` until its views are loaded. */
  readonly state: "joining" | "up" | "draining";
  /** Given every few seconds; kept as it was when absent. */
  readonly stats?: NodeStats;
  /** Delay after which a missing alive subscription makes a suspect, in milliseconds. */
  readonly confirmMs: number;
}
export type HeartbeatAnswer =
  | {
      readonly kind: "accepted";
      readonly now: RedisMs;
      readonly version: number;
      readonly datasetId: DatasetId;
      readonly historyId: HistoryId;
      /** The node had been suspect or lost: it re-checks its claims before it trusts itself. */
      readonly wasGone: boolean;
      /**
       * How often this incarnation was judged gone. A rise means `wasGone`, also when the answer
       * that said so was lost on its way.
       */
      readonly flaps: number;
      readonly cordoned: boolean;
      /** A peer's alive subscription is missing: beat again after this many ms to confirm. */
      readonly recheckMs?: number;
    }
  /** The record of this incarnation is gone or was replaced by another incarnation. */
  | { readonly kind: "superseded"; readonly incarnation: Incarnation | "none" }
  /** The cluster's data is not there. */
  | { readonly kind: "lost" };

/** A node that was forgotten, and whose rows are still to be dropped. */
export interface ReapedNode {
  readonly id: NodeId;
  /** The incarnation that was registered last. */
  readonly incarnation: Incarnation;
  /** What it was: `left` went in order. */
  readonly state: "lost" | "left";
}
export interface ReapRequest {
  /** The election by which the caller acts; one that does not hold its role any more reaps nothing. */
  readonly term: Term;
  /** Nodes lost or left are forgotten when they were last heard of this many ms ago. */
  readonly goneMs: number;
  /** The same for ephemeral nodes. */
  readonly ephemeralGoneMs: number;
  /** Nodes whose rows have been dropped: they are not answered again. */
  readonly done: readonly Pick<ReapedNode, "id" | "incarnation">[];
}

export interface MembershipStore {
  /**
   * Registers an incarnation, creating the cluster's data on first use.
   * Atomicity: one step per part; safe to repeat and to race.
   * Time: sets the lease by the store's clock.
   * On failure: nothing is registered, or a repeat of the same call answers `joined`.
   */
  join(request: JoinRequest): Promise<JoinAnswer>;
  /**
   * Extends the lease and judges all peers.
   * Atomicity: one step. Time: the store's. On failure: repeat; the lease may have been extended.
   */
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatAnswer>;
  /** Lists all nodes known, with the version the list belongs to. Read-only. */
  list(): Promise<{
    readonly version: number;
    readonly now: RedisMs;
    readonly historyId: HistoryId;
    readonly nodes: readonly NodeRecord[];
    /** Lowest join number that may still append; what claims carry to the shards. */
    readonly producerFloor: number;
    /** Changes with the findings of lost data that belongs to no shard; empty while there was none. */
    readonly lossMark: string;
  }>;
  /** Marks a node as left, if the incarnation still is the registered one; harmless to repeat. */
  leave(request: { readonly nodeId: NodeId; readonly incarnation: Incarnation }): Promise<void>;
  /** Sets the flag that keeps shards away from a node, across its restarts. */
  cordon(request: {
    readonly nodeId: NodeId;
    readonly cordoned: boolean;
  }): Promise<{ readonly kind: "set" } | { readonly kind: "unknown-node" }>;
  /** Raises the membership version above `version`, after a shard refused an older one. */
  raiseVersion(request: { readonly version: number }): Promise<{ readonly version: number }>;
  /**
   * Forgets nodes that are gone for long, with all that is known of them; one that comes back joins
   * as a new one. Answers those whose rows are still to be dropped, those of earlier calls included.
   * Atomicity: one step, with the check of the term. Time: the store's. On failure: repeat.
   */
  reap(
    request: ReapRequest,
  ): Promise<
    { readonly kind: "reaped"; readonly nodes: readonly ReapedNode[] } | { readonly kind: "fenced" }
  >;
}
