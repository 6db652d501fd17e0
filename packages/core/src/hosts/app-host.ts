/**
 * The port through which Muster loads and drives app code. Muster carries the reference of a
 * package, never its bytes: the host fetches.
 */
import type { AppReason, AppStatus } from "../apps/model.ts";

/** Names one version of a package. */
export interface PackageRef {
  readonly appId: string;
  readonly version: string;
  readonly ref?: string;
}

export interface HookContext {
  readonly appId: string;
  /** The node the hook runs on. */
  readonly nodeId: string;
  /** Aborted at the hook's deadline, or when a newer intent makes the work pointless. */
  readonly signal: AbortSignal;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What was given with `apps.licence`; `null` where nothing was. */
  readonly licence: string | null;
  /**
   * To be called when the app has ended by itself and nothing of it runs any more, such as with its
   * process: the node then says so, and brings it up again after a while that grows.
   */
  lost(why: unknown): void;
  /** Why the hook runs; `start` is the app's first time in this process. */
  readonly cause:
    | "start"
    | "intent"
    | "retry"
    | "update"
    | "settings"
    | "licence"
    | "uninstall"
    | "shutdown";
  /** For `update`: the version that this node had before. */
  readonly previousVersion?: string;
}

/** What the failure classes are called where a hook or check gives no reason code of its own. */
export const defaultReasonCodes = Object.freeze({
  compile: "compile_error",
  missing: "package_missing",
  installation: "installation_invalid",
  licence: "licence_invalid",
  settings: "settings_invalid",
  error: "hook_failed",
} as const);
/** A failure class of an app; decides status and retries. */
export type AppFailureClass = keyof typeof defaultReasonCodes;

/** Thrown by a hook or a check to name its failure class. Made by {@link appFailure}. */
export class AppFailure extends Error {
  override readonly name = "AppFailure";
  readonly failure: AppFailureClass;
  /** Snake case. */
  readonly reasonCode: string;
  constructor(failure: AppFailureClass, message: string, reasonCode?: string) {
    super(message);
    this.failure = failure;
    this.reasonCode = reasonCode ?? defaultReasonCodes[failure];
  }
}
/** Names the failure class of what went wrong: `throw appFailure("licence", "expired on 1 May")`. */
export const appFailure = (
  failure: AppFailureClass,
  message: string,
  reasonCode?: string,
): AppFailure => new AppFailure(failure, message, reasonCode);

/** Tells by name and class, since an app may have brought its own copy of this library. */
export const isAppFailure = (value: unknown): value is AppFailure =>
  value instanceof Error &&
  value.name === "AppFailure" &&
  "failure" in value &&
  typeof value.failure === "string" &&
  Object.hasOwn(defaultReasonCodes, value.failure);

export type LoadAnswer<App> =
  | {
      readonly kind: "loaded";
      readonly app: App;
      /** Hash of the package's bytes, where the host knows it. */
      readonly digest?: string;
    }
  /** Not on this node (yet): retried. */
  | { readonly kind: "missing"; readonly error?: string }
  /** There, but does not compile or load: terminal until the version changes. */
  | { readonly kind: "broken"; readonly error: string; readonly digest?: string };

/** A check that found something wrong. */
export type CheckAnswer =
  | { readonly kind: "ok" }
  | { readonly kind: "failed"; readonly reason: AppReason };

/** What a host finds of an app that nobody asked it to run. */
export interface Sighting {
  readonly status: AppStatus;
  readonly version?: string;
  readonly digest?: string;
  /** One sentence for people. */
  readonly message?: string;
}

export interface PurgeContext {
  readonly signal: AbortSignal;
  /** The same for one installation, however often it is tried. */
  readonly idempotencyKey: string;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a check that answers nothing has found nothing
type Checked = Promise<CheckAnswer | void> | CheckAnswer | void;
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing has agreed
type Agreed = Promise<boolean | void> | boolean | void;

// biome-ignore lint/suspicious/noExplicitAny: an app is whatever its own host makes of it
export interface AppHost<App = any> {
  readonly name: string;
  /** Added to the runtime that rows name, such as `worker threads of 256 MB`. */
  readonly runtime?: string;
  load(ref: PackageRef, context: { readonly signal: AbortSignal }): Promise<LoadAnswer<App>>;
  construct?(app: App, context: HookContext): Promise<void> | void;
  initialize?(app: App, context: HookContext): Promise<void> | void;
  /**
   * Digest of the package as it lies there now, without loading it. With it a package that did not
   * compile is loaded again when its bytes have changed.
   */
  digest?(
    ref: PackageRef,
    context: { readonly signal: AbortSignal },
  ): Promise<string | undefined> | string | undefined;
  checkLicence?(app: App, context: HookContext): Checked;
  checkSettings?(app: App, context: HookContext): Checked;
  /** Answering `false` declines: the app stays off, and that is not an error. */
  enable?(app: App, context: HookContext): Agreed;
  disable?(app: App, context: HookContext): Promise<void> | void;
  /** Clears away what the app has left on this node; called after `disable`, on every node. */
  uninstall?(app: App, context: HookContext): Promise<void> | void;
  /** Called before `enable` when this node had another version before (`previousVersion`). */
  update?(app: App, context: HookContext): Promise<void> | void;
  /**
   * Removes what the app has left outside of nodes, such as its rows in a database. Called once for
   * the cluster, on one node, after every live node has torn the app down; it may be repeated,
   * always under the same key.
   */
  purge?(ref: PackageRef, context: PurgeContext): Promise<void> | void;
  /**
   * Hands new settings, or another licence, to a running app. Without it, or when it answers
   * `false`, the app is disabled and enabled again with them.
   */
  settingsChanged?(app: App, context: HookContext): Agreed;
  /** Tells what is there of an app that this node is to leave alone (`management: "observe"`). */
  observe?(
    ref: PackageRef,
    context: { readonly signal: AbortSignal },
  ): Promise<Sighting | undefined> | Sighting | undefined;
  /** Forgets a loaded app that will not be used again. */
  unload?(app: App): Promise<void> | void;
  /**
   * Ends an app at once, whatever it is doing, so that nothing of it runs any more: for one whose
   * hook ignores its signal, or whose tear-down fails. Hosts that cannot do that have no such hook.
   */
  terminate?(app: App): Promise<void> | void;
}
