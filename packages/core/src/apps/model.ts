/** Vocabulary of apps: desired status (intent) and init status (what one node really has). */
import type { Incarnation, NodeId } from "../model/ids.ts";
import type { NodeState } from "../model/node-record.ts";

/** What administrators want of an app. */
export const AppDesiredStatus = Object.freeze({
  ENABLED: "enabled",
  DISABLED: "disabled",
  UNINSTALLED: "uninstalled",
} as const);
export type AppDesiredStatus = (typeof AppDesiredStatus)[keyof typeof AppDesiredStatus];

/** What one node really has: three transitional, two enabled and seven disabled values. */
export const AppStatus = Object.freeze({
  UNKNOWN: "unknown",
  CONSTRUCTED: "constructed",
  INITIALIZED: "initialized",
  AUTO_ENABLED: "auto_enabled",
  MANUALLY_ENABLED: "manually_enabled",
  COMPILER_ERROR_DISABLED: "compiler_error_disabled",
  INVALID_LICENSE_DISABLED: "invalid_license_disabled",
  INVALID_INSTALLATION_DISABLED: "invalid_installation_disabled",
  ERROR_DISABLED: "error_disabled",
  MANUALLY_DISABLED: "manually_disabled",
  INVALID_SETTINGS_DISABLED: "invalid_settings_disabled",
  DISABLED: "disabled",
} as const);
export type AppStatus = (typeof AppStatus)[keyof typeof AppStatus];

const enabledStatuses: ReadonlySet<string> = new Set(["auto_enabled", "manually_enabled"]);
const errorStatuses: ReadonlySet<string> = new Set([
  "compiler_error_disabled",
  "invalid_license_disabled",
  "invalid_installation_disabled",
  "error_disabled",
  "invalid_settings_disabled",
]);

/** Tells whether the app runs on the node. */
export const isEnabled = (status: AppStatus): boolean => enabledStatuses.has(status);
/** Tells whether the app is off on the node, for whatever reason. */
export const isDisabled = (status: AppStatus): boolean =>
  errorStatuses.has(status) || status === "manually_disabled" || status === "disabled";
/** Tells whether the status is one of the five failures. */
export const isError = (status: AppStatus): boolean => errorStatuses.has(status);

/** Machine-readable cause (snake_case) and the sentence shown to people. */
export interface AppReason {
  readonly code: string;
  readonly message: string;
}

/** One app on one node, as seen from the node that answers. Instants are ISO-8601 UTC. */
export interface AppRow {
  readonly appId: string;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation | null;
  readonly nodeState: NodeState;
  readonly isLocal: boolean;
  readonly desiredStatus: AppDesiredStatus;
  readonly generation: number;
  readonly intentId: string;
  readonly initStatus: AppStatus;
  readonly observedGeneration: number | null;
  readonly observedIntentId: string | null;
  readonly version: string | null;
  readonly packageDigest: string | null;
  readonly settingsHash: string | null;
  readonly runtime: string | null;
  readonly converged: boolean;
  readonly reason: AppReason | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly lastError: string | null;
  readonly since: string | null;
  readonly reportedAt: string | null;
  readonly stale: boolean;
}

/** An update that some nodes make first; the others follow by themselves once these run it. */
export interface AppRolloutView {
  /** `halted`: one of the first nodes did not get there, and the others keep what they have. */
  readonly phase: "canary" | "halted";
  /** Nodes that move first. */
  readonly nodes: readonly string[];
  /** Version that the others keep. */
  readonly from: string;
  readonly haltedBy?: { readonly nodeId: string; readonly reason: AppReason };
}

/** Somebody answers for leaving an app as it is, until then. Instants are ISO-8601 UTC. */
export interface AppHold {
  readonly owner: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  readonly until: string;
}
export interface AppPauseView extends AppHold {
  /** Intent has changed meanwhile; nodes act on it when the pause ends. */
  readonly missed: boolean;
}
export interface DriftAckView extends AppHold {
  /** Reason codes that are answered for; drift for another reason is new. */
  readonly causes: readonly string[];
}

/** How far an uninstall has come. */
export interface AppUninstallView {
  readonly phase: "tearing-down" | "purging";
  readonly since: string;
  /** From then on the purge waits for no node. */
  readonly boundAt: string;
  /** Live nodes that have not confirmed their tear-down. */
  readonly waitingFor: readonly { readonly nodeId: string; readonly reason: AppReason }[];
  /** Why the purge could not be done yet. */
  readonly error?: string;
}

/** An app with its intent; `nodes` only where asked for. */
export interface AppSummary {
  readonly id: string;
  readonly version: string;
  readonly desiredStatus: AppDesiredStatus;
  readonly generation: number;
  readonly intentId: string;
  readonly management: "enforce" | "observe";
  /** What tells settings apart without showing them. */
  readonly settingsHash: string;
  readonly hasLicence: boolean;
  readonly converged: boolean;
  readonly drifted: number;
  readonly changedBy: string;
  readonly changedAt: string;
  readonly reason: string;
  /** What `rollback` goes back to. */
  readonly previousVersion?: string;
  readonly rollout?: AppRolloutView;
  readonly pausedUntil?: string;
  readonly paused?: AppPauseView;
  readonly acknowledged?: DriftAckView;
  readonly uninstall?: AppUninstallView;
  readonly nodes?: readonly AppRow[];
}

/** One entry per node that is known to the cluster, sorted by instance id. */
export type AppStatusReport = Readonly<
  Record<
    string,
    readonly {
      readonly instanceId: string;
      readonly desiredStatus: AppDesiredStatus;
      readonly initStatus: AppStatus;
    }[]
  >
>;
