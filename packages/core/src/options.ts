/** Options of a node: types, frozen defaults, validation with one sentence per broken rule. */

import type { ActorKind } from "./define-actor.ts";
import type { ReplicaDefinition } from "./define-replica.ts";
import type { AppHost } from "./hosts/app-host.ts";
import type { BackendFactory } from "./ports/backend.ts";
import type { Clock } from "./ports/clock.ts";
import type { Logger } from "./ports/logger.ts";
import type { Random } from "./ports/random.ts";
import type { AlertSink } from "./reconciler/alert-actor.ts";
import type { ReconcilerOptions } from "./reconciler/feature.ts";

export interface MusterOptions {
  /** Nodes with the same Redis and cluster name belong together; `[a-z0-9][a-z0-9._-]{0,63}`. */
  readonly cluster: string;
  readonly node?: {
    /** Stable across restarts. Without it the node is ephemeral: host name and a random part. */
    readonly id?: string;
    /** Share of the shards. @defaultValue 1 */
    readonly weight?: number;
    /** Shown in lists of nodes. */
    readonly version?: string;
    /** Base URL of this node's HTTP API, shown in lists of nodes. */
    readonly url?: string;
  };
  /** Where the cluster's data is. @defaultValue memory, one process */
  readonly backend?: BackendFactory;
  // biome-ignore lint/suspicious/noExplicitAny: kinds of all shapes live in one list
  readonly actors?: readonly ActorKind<any, any>[];
  // biome-ignore lint/suspicious/noExplicitAny: replicas of all shapes live in one list
  readonly replicas?: readonly ReplicaDefinition<any, any>[];
  /** Loads and drives app code; without it this node has no apps. */
  readonly apps?: {
    readonly host: AppHost;
    /** Limit of one hook in milliseconds. @defaultValue 10000 */
    readonly hookTimeoutMs?: number;
    /** Delay of slow retries in milliseconds. @defaultValue 300000 */
    readonly slowRetryMs?: number;
  };
  /**
   * How this node takes part in reconciling: one node of the cluster is elected to compare what is
   * wanted with what is there, to nudge and to alarm. `false`: never this one.
   */
  readonly reconciler?: ReconcilerOptions | false;
  /** Told of each alert that opens and closes, by the node that owns it. */
  readonly alertSinks?: readonly AlertSink[];
  readonly settings?: Partial<ClusterSettings>;
  readonly logger?: Logger;
  /**
   * Freezes what handlers, effects and readers of views are given, so that code which changes it
   * throws at once. Costs a walk over each new state and row.
   * @defaultValue true unless `NODE_ENV` is `production`
   */
  readonly development?: boolean;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly random?: Random;
}

/** Shared settings: they seed the cluster's data when it is created. Times in milliseconds. */
export interface ClusterSettings {
  /**
   * Units of ownership: no more nodes than this can own any. Fewer mean larger batches and more
   * throughput. Fixed when the cluster's data is created. @defaultValue 16
   */
  readonly shardCount: number;
  /** @defaultValue 1500 */
  readonly leaseMs: number;
  /** @defaultValue 250 */
  readonly heartbeatMs: number;
  /** A missing alive subscription must be seen twice, this far apart. @defaultValue 60 */
  readonly confirmMs: number;
  /** A node stops acting this long before its lease ends. @defaultValue 300 */
  readonly trustMarginMs: number;
  /** Mailboxes are read without a hint this often. @defaultValue 2000 */
  readonly mailSweepMs: number;
  /** View versions are compared this often. @defaultValue 5000 */
  readonly viewSweepMs: number;
  /** @defaultValue 10000 */
  readonly askTimeoutMs: number;
  /** @defaultValue 60000 */
  readonly passivateAfterMs: number;
  /** Actors kept in memory per node. @defaultValue 100000 */
  readonly residentActors: number;
  /** Asks of one actor that wait for a later turn to answer. @defaultValue 1000 */
  readonly deferralsPerActor: number;
  /** Commands waiting for one actor. @defaultValue 10000 */
  readonly mailboxPerActor: number;
  /** Messages waiting in the mailbox of one shard. @defaultValue 100000 */
  readonly mailboxPerShard: number;
  /**
   * Told messages of one kind that wait in a shard for an owner that knows it; callers are refused
   * beyond it, and beyond twice as many they become dead letters. @defaultValue 1000
   */
  readonly unknownKindPerShard: number;
  /** @defaultValue 1048576 */
  readonly maxStateBytes: number;
  /** @defaultValue 524288 */
  readonly maxMessageBytes: number;
  /** @defaultValue 16 */
  readonly maxCallDepth: number;
  /** @defaultValue 100 */
  readonly maxFanOut: number;
  /** @defaultValue 600000 */
  readonly keepIdempotencyMs: number;
  /** Replies kept per shard. @defaultValue 50000 */
  readonly idempotencyPerShard: number;
  /**
   * Dead letters kept per shard; resolved ones make room for new ones. While all are open, what
   * should be put aside waits where it is stored. @defaultValue 1000
   */
  readonly deadLettersPerShard: number;
  /** User-visible events kept by the cluster; the oldest make room for new ones. @defaultValue 10000 */
  readonly eventsKept: number;
  /** Changes kept in the audit: who, what and why; the oldest make room for new ones. @defaultValue 10000 */
  readonly auditKept: number;
  /** Effects running at once on a node. @defaultValue 64 */
  readonly concurrentEffects: number;
  /** A draining owner that takes longer loses its shards. @defaultValue 10000 */
  readonly drainMs: number;
}

export const defaultSettings: ClusterSettings = Object.freeze({
  shardCount: 16,
  leaseMs: 1_500,
  heartbeatMs: 250,
  confirmMs: 60,
  trustMarginMs: 300,
  mailSweepMs: 2_000,
  viewSweepMs: 5_000,
  askTimeoutMs: 10_000,
  passivateAfterMs: 60_000,
  residentActors: 100_000,
  deferralsPerActor: 1_000,
  mailboxPerActor: 10_000,
  mailboxPerShard: 100_000,
  unknownKindPerShard: 1_000,
  maxStateBytes: 1_048_576,
  maxMessageBytes: 524_288,
  maxCallDepth: 16,
  maxFanOut: 100,
  keepIdempotencyMs: 600_000,
  idempotencyPerShard: 50_000,
  deadLettersPerShard: 1_000,
  eventsKept: 10_000,
  auditKept: 10_000,
  concurrentEffects: 64,
  drainMs: 10_000,
});
