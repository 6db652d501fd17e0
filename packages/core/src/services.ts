/**
 * What a person embedding Muster calls. Reads come from views in memory; changes go through a
 * principal, taken with `muster.as(principal)`.
 */
import type { NodeDifference } from "./apps/compare-nodes.ts";
import type { AppDiff } from "./apps/diff.ts";
import type { AppExplanation } from "./apps/explain.ts";
import type { AppHistory, AppHistoryRequest } from "./apps/history.ts";
import type { AppMigration } from "./apps/migration/model.ts";
import type { AppReason, AppRow, AppStatusReport, AppSummary } from "./apps/model.ts";
import type { ReconcileItem, ReconcileRequest } from "./apps/reconcile.ts";
import type { DeadLettersChanges } from "./dead-letters/model.ts";
import type { NodeState } from "./model/node-record.ts";
import type { Position } from "./model/position.ts";
import type { BackendHealth } from "./ports/backend.ts";
import type { Principal } from "./principal.ts";
import type { AlertsChanges, ReconcilerChanges } from "./reconciler/service.ts";

/** Verdict of the cluster, first that holds: down, unknown, degraded, healthy. */
export type Verdict = "healthy" | "degraded" | "down" | "unknown";

/** Instants are ISO-8601 UTC. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly nodeId: string;
  readonly verdict: Verdict;
  /** Why the verdict is not `healthy`, worst first; one sentence each. */
  readonly reasons: readonly string[];
  readonly nodes: Readonly<Record<"joining" | "up" | "draining" | "suspect" | "lost", number>>;
  readonly apps: {
    readonly total: number;
    readonly converged: number;
    readonly drifted: number;
    readonly terminal: number;
  };
  /** Open alerts. */
  readonly alerts: number;
  readonly shards: { readonly total: number; readonly owned: number; readonly unowned: number };
  /** `parked`: failed messages that wait where they are stored, for room among the letters. */
  readonly deadLetters: { readonly unresolved: number; readonly parked: number };
  readonly redis: Pick<BackendHealth, "mode" | "role" | "state" | "rttMs" | "findings">;
  readonly asOf: string;
  readonly stale: boolean;
}

/** A node as status, HTTP and CLI show it. */
export interface NodeView {
  readonly id: string;
  readonly incarnation: string;
  readonly state: NodeState;
  readonly cordoned: boolean;
  readonly isLocal: boolean;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly runtime: string;
  readonly url: string | null;
  readonly startedAt: string;
  readonly lastHeartbeatAt: string;
  readonly leaseAgeMs: number;
  readonly shards: number;
  readonly weight: number;
  readonly loopLagMs: number;
  readonly memoryBytes: number;
}

export interface ShardView {
  readonly shard: number;
  readonly owner: string | null;
  readonly epoch: number;
  readonly seq: number;
  readonly pending: number;
}

/** Answers are taken from memory; `asOf` is the instant they are true for. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly asOf: string;
  readonly stale: boolean;
}

export interface NodesService {
  list(): Listing<NodeView>;
  /** @throws MusterError `NODE_NOT_FOUND` */
  get(id: string): NodeView;
}

/** Changes to nodes; need the admin role. */
export interface NodesChanges extends NodesService {
  /** Keeps shards away from the node, across restarts; its replicas keep running. */
  drain(id: string, options: { readonly reason: string }): Promise<NodeView>;
  undrain(id: string, options: { readonly reason: string }): Promise<NodeView>;
}

export interface ShardsService {
  /** Reads ownership from the backend. @throws MusterError `BACKEND_UNAVAILABLE` */
  list(): Promise<Listing<ShardView>>;
}

/** Data that was acknowledged and is gone, as the nodes found out. */
export interface DataLoss {
  readonly id: string;
  /** `shard-3`, or `cluster` for the records that belong to no shard. */
  readonly subject: string;
  /** What is gone, in words. */
  readonly range: string;
  /** What to do about it, in words. */
  readonly remedy: string;
  /** The commits after `from`, up to and including `to`. */
  readonly commits: { readonly from: Position; readonly to: Position } | null;
  /** Batches of messages that were waiting to be handled. */
  readonly batches: number;
  readonly foundAt: string;
  /** Node that found it first. */
  readonly foundBy: string;
  /** Ends by itself then. */
  readonly expiresAt: string;
  readonly acknowledged: {
    readonly by: string;
    readonly reason: string;
    readonly at: string;
  } | null;
}

export interface LossesService {
  /** Findings that have not ended, acknowledged ones too. */
  list(): Listing<DataLoss>;
}

/** Changes to findings of lost data; need the operator role. */
export interface LossesChanges extends LossesService {
  /**
   * Acknowledges one finding, or all open ones: the verdict is no longer degraded by it. A repeat
   * changes nothing.
   * @throws MusterError `LOSS_NOT_FOUND`, `VALIDATION` (missing reason), `BACKEND_UNAVAILABLE`
   */
  ack(
    id: string | "all",
    options: { readonly reason: string },
  ): Promise<{ readonly items: readonly DataLoss[] }>;
}

/** What this node itself has of an app: the answer to "enabled here?". */
export interface LocalApp {
  readonly appId: string;
  readonly enabled: boolean;
  readonly initStatus: AppRow["initStatus"];
  readonly reason: AppReason | null;
}

export interface AppFilter {
  readonly desired?: string;
  readonly initStatus?: string;
  readonly reason?: string;
  readonly drifted?: boolean;
  readonly node?: string;
  readonly q?: string;
  /** Adds the per-node rows to each item. */
  readonly withNodes?: boolean;
  /** Only apps whose id comes after this one: the last id of the page before. */
  readonly after?: string;
  /** At most so many items, the first by id. @defaultValue all */
  readonly limit?: number;
}

export interface AppsService {
  /** Synchronous, from memory; `undefined` for an app this cluster does not have. */
  local(id: string): LocalApp | undefined;
  /** Calls back after each change of an app's status on this node; the answer ends it. */
  onLocalChange(listener: (app: LocalApp) => void): () => void;
  report(): AppStatusReport;
  list(filter?: AppFilter): Listing<AppSummary>;
  /** With its rows. @throws MusterError `APP_NOT_FOUND` */
  get(id: string): AppSummary;
  /** One row per node known. @throws MusterError `APP_NOT_FOUND` */
  rows(id: string): Listing<AppRow>;
  /**
   * Says why an app is as it is on each node, what happens next and what to run.
   * @throws MusterError `APP_NOT_FOUND`
   */
  explain(id: string): AppExplanation;
  /**
   * What was wanted of an app, of one that was uninstalled too, and what became of it on each node.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  history(id: string, request?: AppHistoryRequest): Promise<AppHistory>;
  /** Apps that two nodes have differently. @throws MusterError `NODE_NOT_FOUND` */
  compare(a: string, b: string): Listing<NodeDifference>;
  /** What each live node would have to change to agree; writes nothing. */
  diff(): Listing<AppDiff>;
}

export interface InstallApp {
  readonly id: string;
  readonly version: string;
  /** What the host needs to find the package, up to 4,096 characters. */
  readonly ref?: string;
  /** @defaultValue "enabled" */
  readonly desiredStatus?: "enabled" | "disabled";
  /** JSON of at most 32,768 characters and 16 levels. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Text of at most 16,384 characters, which the host or the app checks. */
  readonly licence?: string;
  readonly reason: string;
  readonly idempotencyKey?: string;
}

export interface AppChange {
  readonly reason: string;
  readonly idempotencyKey?: string;
}

/** What `apps.reconcileAll` is for. */
export interface ReconcileAll extends ReconcileRequest {
  /** Only these apps. @defaultValue every app that is not as it should be */
  readonly apps?: readonly string[];
}

/** Repairs that leave intent alone; need the operator role. */
export interface AppsReconcile {
  /**
   * Asks nodes to try now and tells what each made of it; intent stays as it is.
   * @throws MusterError `APP_NOT_FOUND`, `NODE_NOT_FOUND`, `APP_PAUSED` (unless forced),
   *   `VALIDATION` (missing reason)
   */
  reconcile(id: string, request: ReconcileRequest): Promise<readonly ReconcileItem[]>;
  /** As {@link reconcile} for many apps at once; one item per app and node. */
  reconcileAll(request: ReconcileAll): Promise<readonly ReconcileItem[]>;
}

/** What a change of an app answers; `changed` is false where it was so already. */
export interface AppChanged {
  readonly app: AppSummary;
  readonly changed: boolean;
}

export interface AppUpdate extends AppChange {
  readonly version: string;
  /** What the host needs to find the package; none unless given. */
  readonly ref?: string;
  /** So many nodes move first; the others follow by themselves once these run it. */
  readonly canary?: number;
}

/** A hold has an owner who answers for it, a reason, and an end at which it ends by itself. */
export interface AppHoldChange extends AppChange {
  /** ISO-8601 with its offset, `2026-05-01T12:00:00Z`; at most 366 days ahead. */
  readonly until: string;
  /** @defaultValue the principal's name */
  readonly owner?: string;
}

/** Changes to apps; need the operator role. All answer once their row is in this node's view. */
export interface AppsChanges extends AppsService, AppsReconcile {
  /**
   * Creates an app. Asking again for what is there changes nothing.
   * @throws MusterError `APP_EXISTS` when it is there with another version, desired status, ref or
   *   settings (where the request names them), `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  install(request: InstallApp): Promise<AppChanged>;
  /** @throws MusterError `APP_NOT_FOUND`, `VALIDATION` (missing reason), `BACKEND_UNAVAILABLE` */
  enable(id: string, change: AppChange): Promise<AppChanged>;
  /** @throws MusterError `APP_NOT_FOUND`, `VALIDATION` (missing reason), `BACKEND_UNAVAILABLE` */
  disable(id: string, change: AppChange): Promise<AppChanged>;
  /**
   * Replaces the package on every node; desired status is left as it is. A node that cannot load it
   * reports so while the others run it. With `canary` some nodes move first: the others follow once
   * these run it, else the update halts and names who failed. Asking again without `canary` moves
   * all that are left.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  update(id: string, change: AppUpdate): Promise<AppChanged>;
  /**
   * Goes back to the version before the last update, or ends an update that is on its way.
   * @throws MusterError `APP_NOT_FOUND`, `NO_PREVIOUS_VERSION`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  rollback(id: string, change: AppChange): Promise<AppChanged>;
  /**
   * Takes the app away: every live node tears it down, then what it left outside of nodes is purged
   * once. A node that comes back later tears it down then. Asking again is a success.
   * @throws MusterError `APP_NOT_FOUND`, `APP_PAUSED` (unless forced), `VALIDATION`,
   *   `BACKEND_UNAVAILABLE`
   */
  uninstall(id: string, change: AppChange & { readonly force?: boolean }): Promise<AppChanged>;
  /**
   * Replaces all settings. A running app gets them by its hook `onSettingsChanged`; one that waits
   * for settings is tried at once.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  settings(
    id: string,
    change: AppChange & { readonly settings: Readonly<Record<string, unknown>> },
  ): Promise<AppChanged>;
  /**
   * Gives a licence, or takes it away with `null`. Every node checks it at once.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  licence(id: string, change: AppChange & { readonly licence: string | null }): Promise<AppChanged>;
  /**
   * `observe`: nodes run no hook of the app and only report what they see; it counts neither as
   * converged nor as drifted. `enforce`: they do what is wanted, as for a new app.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  manage(
    id: string,
    change: AppChange & { readonly mode: "enforce" | "observe" },
  ): Promise<AppChanged>;
  /**
   * Nodes go on with what they have, whatever is changed meanwhile; what was missed is done when
   * the pause ends. Pausing again sets another end.
   * @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  pause(id: string, change: AppHoldChange): Promise<AppChanged>;
  /** @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE` */
  resume(id: string, change: AppChange): Promise<AppChanged>;
  /**
   * Somebody answers for the drift there is: for a while it does not degrade the cluster; drift for
   * another reason does.
   * @throws MusterError `APP_NOT_FOUND`, `NO_DRIFT`, `VALIDATION`, `BACKEND_UNAVAILABLE`
   */
  ackDrift(id: string, change: AppHoldChange): Promise<AppChanged>;
}

/** Operations on the cluster as a whole; need the admin role. */
export interface ClusterChanges extends AppMigration {}

/** The services with changes allowed, under one principal. */
export interface MusterAs {
  readonly principal: Principal;
  readonly nodes: NodesChanges;
  readonly losses: LossesChanges;
  readonly deadLetters: DeadLettersChanges;
  readonly apps: AppsChanges;
  readonly alerts: AlertsChanges;
  readonly reconciler: ReconcilerChanges;
  readonly cluster: ClusterChanges;
}
