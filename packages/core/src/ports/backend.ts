/**
 * A backend is one connection of one node to the cluster's data. It holds no policy: the engine
 * decides, the backend reads, writes and delivers.
 */
import type { Incarnation, NodeId, ShardId } from "../model/ids.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import type { EventStore } from "./event-store.ts";
import type { Guard } from "./guard.ts";
import type { Logger } from "./logger.ts";
import type { LossStore } from "./loss-store.ts";
import type { MembershipStore } from "./membership-store.ts";
import type { Precondition } from "./precondition.ts";
import type { Random } from "./random.ts";
import type { ShardStore } from "./shard-store.ts";
import type { ViewStore } from "./view-store.ts";

export interface BackendContext {
  readonly cluster: string;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface BackendHealth {
  /** `memory`, `redis`, `sentinel` or `cluster`. */
  readonly mode: string;
  readonly role: string;
  readonly state: "connected" | "connecting" | "closed";
  /** Round-trip time of the last heartbeat, in milliseconds. */
  readonly rttMs?: number;
  /** Findings of the preflight, each with its remedy. */
  readonly findings: readonly BackendFinding[];
}

export interface BackendFinding {
  /** `refuse`: the node does not start; `alert`: it stands against the verdict; `warn`: shown only. */
  readonly level: "refuse" | "alert" | "warn";
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface Backend {
  readonly membership: MembershipStore;
  readonly shards: ShardStore;
  readonly views: ViewStore;
  readonly losses: LossStore;
  readonly events: EventStore;
  readonly bus: Bus;
  readonly guard: Guard;
  /**
   * Least time between two sweeps over all shards, in milliseconds: where each shard takes a call of
   * its own, they are made less often. @defaultValue 0
   */
  readonly leastSweepMs?: number;
  /**
   * How many replicas must have a commit or a command before its callers hear of it. Rows and
   * replies are published after that, and not at all when it comes to fewer.
   * @defaultValue the primary alone acknowledges
   */
  readonly durability?: { readonly replicas: number };
  /**
   * Connects, checks the server and opens this incarnation's alive subscription.
   * Rejects when the server cannot be reached now; may be called again.
   */
  open(): Promise<void>;
  /** Ends all connections; pending calls reject. Safe to call twice and before `open`. */
  close(): Promise<void>;
  health(): BackendHealth;
  /**
   * Looks at the server as it is now: what the preflight looks at, and what only shows at run time.
   * Changes nothing; rejects when the server does not answer.
   */
  examine(): Promise<readonly Precondition[]>;
}

/** Makes the backend of one node; what `redisBackend(…)` and `memoryBackend(…)` return. */
export interface BackendFactory {
  readonly kind: "memory" | "redis";
  create(context: BackendContext): Backend;
}

/** Thrown by a port when the outcome of the call is not known or the server is not reachable. */
export class BackendUnavailable extends Error {
  readonly op: string;
  readonly shard: ShardId | undefined;
  /** Why the server, though reached, does not run such calls now; an earlier copy may have run. */
  readonly refusal: "out-of-memory" | undefined;
  constructor(op: string, cause?: unknown, shard?: ShardId, refusal?: "out-of-memory") {
    const why = cause instanceof Error ? ` (${cause.message})` : "";
    super(`${op}: the backend ${refusal ? "is out of memory" : "did not answer"}${why}`, { cause });
    this.name = "BackendUnavailable";
    this.op = op;
    this.shard = shard;
    this.refusal = refusal;
  }
}
