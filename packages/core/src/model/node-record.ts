import type { Incarnation, NodeId, RedisMs } from "./ids.ts";

/** `joining → up → draining → left`, `up → suspect → lost`. */
export type NodeState = "joining" | "up" | "draining" | "suspect" | "lost" | "left";

/** What a node tells of itself when it joins; fixed for one incarnation. */
export interface NodeInfo {
  readonly host: string;
  readonly pid: number;
  /** Version of the embedding application or of Muster. */
  readonly version: string;
  readonly runtime: string;
  /** Share of shards relative to other nodes. @defaultValue 1 */
  readonly weight: number;
  /** Ephemeral nodes are reaped minutes after they are lost. */
  readonly ephemeral: boolean;
  /** Actor kinds this node can run. */
  readonly kinds: readonly string[];
  /** Kinds whose intent this node follows; absent means that it did not say. */
  readonly replicas?: readonly string[];
  /** Base URL of the node's HTTP API where it has one. */
  readonly url?: string;
}

/** Refreshed every few seconds with a heartbeat. */
export interface NodeStats {
  readonly shards: number;
  readonly loopLagMs: number;
  readonly memoryBytes: number;
  /** Told messages that its shards keep for a node that knows their kind, by kind. */
  readonly waiting?: Readonly<Record<string, number>>;
  /** What has waited longest in the mailboxes of its shards; absent where nothing waits. */
  readonly oldest?: { readonly shard: number; readonly at: RedisMs };
}

/** One node as the membership store lists it. */
export interface NodeRecord {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  readonly state: NodeState;
  /** Cordoned nodes stay up with their replicas and own no shard. */
  readonly cordoned: boolean;
  /** Redis time up to which the node may act. */
  readonly leaseUntil: RedisMs;
  readonly startedAt: RedisMs;
  readonly lastHeartbeatAt: RedisMs;
  readonly info: NodeInfo;
  readonly stats: NodeStats;
  /** How often this incarnation was judged gone. */
  readonly flaps?: number;
}

/** Nodes that count as present: an intent has converged when all of these have. */
export const isLive = (state: NodeState): boolean =>
  state === "joining" || state === "up" || state === "draining" || state === "suspect";

/** Nodes whose shards may be claimed without their release. */
export const isGone = (state: NodeState): boolean =>
  state === "suspect" || state === "lost" || state === "left";
