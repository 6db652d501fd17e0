/**
 * Decides what one attempt of a replica came to: status, reason, retry. Pure and total over
 * {@link AttemptOutcome}; the failure table of apps.
 */
import { type AppFailureClass, defaultReasonCodes, type Sighting } from "../hosts/app-host.ts";
import type { AppDesiredStatus, AppReason, AppStatus } from "./model.ts";

/** Steps of an app's life on a node, named as the host's hooks are. */
export type HookName =
  | "load"
  | "construct"
  | "initialize"
  | "checkLicence"
  | "checkSettings"
  | "enable"
  | "settingsChanged"
  | "update"
  | "uninstall"
  | "disable"
  | "observe"
  | "unload"
  | "terminate";

/** How a hook failed: by throwing (or a failed check), or by running longer than it may. */
export type HookFailure =
  | {
      readonly kind: "failed";
      readonly hook: HookName;
      readonly failure: AppFailureClass;
      readonly message: string;
      readonly code?: string;
    }
  | {
      readonly kind: "timed-out";
      readonly hook: HookName;
      readonly limitMs: number;
      /** True when it went on although it was told to stop. */
      readonly ignoredSignal: boolean;
      /** The app was ended by force for it. */
      readonly ended?: true;
    };

export type AttemptOutcome =
  /** `manually`: desired status changed while this incarnation was up. */
  | { readonly kind: "enabled"; readonly manually: boolean }
  | { readonly kind: "refused" }
  /** `forced`: what kept it from ending by itself, so that it was ended by force. */
  | { readonly kind: "torn-down"; readonly forced?: HookFailure | StillRunning }
  /** The app has ended by itself. */
  | { readonly kind: "lost"; readonly message: string }
  | { readonly kind: "tear-down-failed"; readonly cause: HookFailure | StillRunning }
  /** A newer intent or a stop made the attempt pointless. */
  | { readonly kind: "superseded"; readonly reached: "unknown" | "constructed" | "initialized" }
  /** The app is left alone; `seen` is what the host told, where it can. */
  | {
      readonly kind: "observed";
      readonly seen: Sighting | undefined;
      readonly wanted: AppDesiredStatus;
    }
  | HookFailure;

/** A hook of an earlier attempt that was told to stop and has not returned. */
export interface StillRunning {
  readonly kind: "still-running";
  readonly hook: HookName;
  readonly forMs: number;
}

export interface AttemptVerdict {
  readonly initStatus: AppStatus;
  readonly reason: AppReason | null;
  /** `backoff`: exponential; `slow`: every few minutes; `never`: until the intent changes. */
  readonly retry: "backoff" | "slow" | "never";
  /** Set for failures only: a refusal is none. */
  readonly error?: string;
}

const failureTable: Readonly<
  Record<AppFailureClass, { readonly status: AppStatus; readonly retry: AttemptVerdict["retry"] }>
> = {
  compile: { status: "compiler_error_disabled", retry: "never" },
  missing: { status: "error_disabled", retry: "backoff" },
  installation: { status: "invalid_installation_disabled", retry: "never" },
  licence: { status: "invalid_license_disabled", retry: "slow" },
  settings: { status: "invalid_settings_disabled", retry: "slow" },
  error: { status: "error_disabled", retry: "backoff" },
};

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

const describe = (cause: HookFailure | StillRunning): string => {
  switch (cause.kind) {
    case "failed":
      return cause.failure === "error" ? `${cause.hook}: ${cause.message}` : cause.message;
    case "timed-out": {
      const late = `${cause.hook} did not return within ${seconds(cause.limitMs)}`;
      if (cause.ended) return `${late} and ignored the signal to stop; it was ended by force`;
      return cause.ignoredSignal ? `${late} and ignores the signal to stop` : late;
    }
    case "still-running":
      return `${cause.hook}, told to stop ${seconds(cause.forMs)} ago, has not returned; restart the node to end it`;
  }
};

const failed = (
  initStatus: AppStatus,
  code: string,
  message: string,
  retry: AttemptVerdict["retry"],
): AttemptVerdict => ({ initStatus, reason: { code, message }, retry, error: message });

const would: Readonly<Record<AppDesiredStatus, AppReason>> = {
  enabled: {
    code: "would_enable",
    message: "this node only observes the app; it would enable it",
  },
  disabled: {
    code: "would_disable",
    message: "this node only observes the app; it would disable it",
  },
  uninstalled: {
    code: "would_uninstall",
    message: "this node only observes the app; it would uninstall it",
  },
};

/** Turns the outcome of an attempt into what is reported and when it is tried again. */
export const decideStatus = (outcome: AttemptOutcome): AttemptVerdict => {
  switch (outcome.kind) {
    case "enabled":
      return {
        initStatus: outcome.manually ? "manually_enabled" : "auto_enabled",
        reason: null,
        retry: "never",
      };
    case "torn-down": {
      const { forced } = outcome;
      const message = forced && `${describe(forced)}; it was ended by force`;
      const reason = message === undefined ? null : { code: "ended_by_force", message };
      return { initStatus: "manually_disabled", reason, retry: "never" };
    }
    case "lost":
      return failed("error_disabled", "app_ended", outcome.message, "backoff");
    case "refused":
      return {
        initStatus: "disabled",
        reason: { code: "refused", message: "the app declined to be enabled on this node" },
        retry: "slow",
      };
    case "observed": {
      const { seen, wanted } = outcome;
      if (seen === undefined || seen.status === "unknown") {
        return { initStatus: "unknown", reason: would[wanted], retry: seen ? "slow" : "never" };
      }
      const message = seen.message ?? "this node only observes the app; so its host says it is";
      return { initStatus: seen.status, reason: { code: "observed", message }, retry: "slow" };
    }
    case "superseded":
      return { initStatus: outcome.reached, reason: null, retry: "backoff" };
    case "tear-down-failed":
      return failed("error_disabled", "disable_failed", describe(outcome.cause), "backoff");
    case "timed-out":
      return failed("error_disabled", "hook_timeout", describe(outcome), "backoff");
    case "failed": {
      const { status, retry } = failureTable[outcome.failure];
      const code = outcome.code ?? defaultReasonCodes[outcome.failure];
      return failed(status, code, describe(outcome), retry);
    }
  }
};

/** Delay of a slow retry in milliseconds: the given one, a fifth more or less. */
export const slowDelayMs = (slowRetryMs: number, draw: number): number =>
  Math.round(slowRetryMs * (0.8 + 0.4 * draw));
