/** One node of a cluster, as its embedder sees it. */

import type { z } from "zod";
import type { AuditService } from "./audit-service.ts";
import type { DeadLettersService } from "./dead-letters/model.ts";
import type { ActorRef, CommandSpecs, Protocol } from "./define-actor.ts";
import type { DoctorReport } from "./doctor/doctor.ts";
import type { EventsService } from "./events-service.ts";
import type { ExplainService } from "./explain/service.ts";
import type { MusterFigures } from "./figures.ts";
import type { Principal } from "./principal.ts";
import type { AlertsService, ReconcilerService } from "./reconciler/service.ts";
import type {
  AppsService,
  ClusterStatus,
  LossesService,
  MusterAs,
  NodesService,
  ShardsService,
} from "./services.ts";
import type { VerifyReport } from "./verify/model.ts";
import type { View } from "./view.ts";
import type { WaitCondition } from "./wait/condition.ts";
import type { WaitAnswer, WaitOptions } from "./wait/wait.ts";

export type LifecycleState = "idle" | "starting" | "running" | "stopping" | "stopped";

export interface Muster {
  readonly cluster: string;
  readonly nodeId: string;
  readonly state: LifecycleState;
  /**
   * Joins, loads views and reads intent before any hook runs.
   * @throws MusterError `BACKEND_UNAVAILABLE` at the time-out (default 10 s) while it goes on trying
   *   in the background until `stop`; `NODE_ID_TAKEN`, `SHARD_COUNT_MISMATCH`, `PREFLIGHT_FAILED`
   */
  start(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Drains, hands over and leaves; never writes intent. Safe to call twice and before `start`. */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Synchronous, from memory. */
  status(): ClusterStatus;
  /** What to watch about this node and the cluster; from memory, for metrics of one's own. */
  figures(): MusterFigures;
  /** Why a shard or an actor is as it is. */
  readonly explain: ExplainService;
  /**
   * Reads the whole cluster and checks its invariants; writes nothing. What a second reading does
   * not find again is not told.
   * @throws MusterError `BACKEND_UNAVAILABLE`
   */
  verify(): Promise<VerifyReport>;
  /**
   * Looks at every precondition of this node and its backend, each with what to do; changes
   * nothing. Never rejects: what does not answer is told.
   */
  doctor(): Promise<DoctorReport>;
  /** True once the node has joined and its views were loaded; stays true while Redis is away. */
  readonly ready: boolean;
  readonly nodes: NodesService;
  readonly shards: ShardsService;
  /** Data that Redis lost, as the nodes found out. */
  readonly losses: LossesService;
  /** What happened in the cluster, in one order, and what happens. */
  readonly events: EventsService;
  /** Who changed what, when and why. */
  readonly audit: AuditService;
  /** What could not be carried out, and what became of it. */
  readonly deadLetters: DeadLettersService;
  readonly apps: AppsService;
  readonly alerts: AlertsService;
  readonly reconciler: ReconcilerService;
  /**
   * Waits until a condition holds, at once if it does: `healthy`, `nodes=3`, `app/ID=converged`,
   * `app/ID=enabled|disabled|gone`, `drained=NODE`, `drift=0`, `dead-letters=0`.
   * @throws MusterError `WAIT_TIMEOUT` with the blockers; `TERMINAL`, `SUPERSEDED`, `OBSERVED` when
   *   it cannot come any more; `VALIDATION`, `STOPPED`
   */
  wait(condition: string | WaitCondition, options?: WaitOptions): Promise<WaitAnswer>;
  /** The services with changes allowed. */
  as(principal: Principal): MusterAs;
  actor<St extends z.ZodType, P extends CommandSpecs>(
    protocol: Protocol<St, P>,
    id: string,
  ): ActorRef<P>;
  /**
   * The list rows of a kind's actors, as this node keeps them in memory. `Row` is what the kind's
   * `view` answers; rows are shared and must not be changed.
   * @throws MusterError `KIND_UNKNOWN` for a kind that this node was not given, or without a view
   */
  view<Row>(protocol: { readonly kind: string }): View<Row>;
}
