/** One error class for all of Muster; guards test the code, never the class. */

import type { Blocker } from "./model/blocker.ts";

/** Every code, with whether the same call may simply be repeated later. */
export const errorCodes = Object.freeze({
  BACKEND_UNAVAILABLE: true,
  NOT_STARTED: false,
  STOPPED: false,
  NODE_ID_TAKEN: false,
  SHARD_COUNT_MISMATCH: false,
  PREFLIGHT_FAILED: false,
  OPTIONS_INVALID: false,
  VALIDATION: false,
  FORBIDDEN: false,
  APP_NOT_FOUND: false,
  APP_EXISTS: false,
  APP_UNINSTALLING: true,
  APP_PAUSED: false,
  NO_PREVIOUS_VERSION: false,
  NO_DRIFT: false,
  NODE_NOT_FOUND: false,
  LOSS_NOT_FOUND: false,
  SHARD_NOT_FOUND: false,
  ACTOR_NOT_FOUND: false,
  KIND_UNKNOWN: false,
  COMMAND_UNKNOWN: false,
  HANDLER_FAILED: false,
  ASK_TIMEOUT: true,
  OUTCOME_UNKNOWN: true,
  MAILBOX_FULL: true,
  DEFERRALS_FULL: true,
  PAYLOAD_TOO_LARGE: false,
  STATE_TOO_LARGE: false,
  CALL_TOO_DEEP: false,
  CALL_CYCLE: false,
  FANOUT_TOO_WIDE: false,
  IDEMPOTENCY_CONFLICT: false,
  IDEMPOTENCY_FULL: true,
  STATE_UNREADABLE: false,
  ALERT_NOT_FOUND: false,
  DEAD_LETTER_NOT_FOUND: false,
  DEAD_LETTER_RESOLVED: false,
  DEAD_LETTER_NOT_REPLAYABLE: false,
  DEAD_LETTERS_FULL: true,
  WAIT_TIMEOUT: true,
  TERMINAL: false,
  SUPERSEDED: false,
  OBSERVED: false,
} as const);
export type ErrorCode = keyof typeof errorCodes;

export interface MusterErrorDetails {
  /** What was being done: a method or a command, such as `apps.enable`. */
  readonly op?: string;
  readonly cause?: unknown;
  /** What is known of the change asked for. */
  readonly outcome?: "not-applied" | "unknown";
  readonly retryAfterMs?: number;
  /** What to do about it, in one sentence. */
  readonly hint?: string;
  /** Field name to what is wrong with it. */
  readonly fieldErrors?: Readonly<Record<string, string>>;
  /** The status or value met by a refused change. */
  readonly current?: string;
  /** What keeps a condition from holding, for the codes of a wait. */
  readonly blockers?: readonly Blocker[];
  /** Lost nodes, which could not be asked. */
  readonly notConfirmed?: readonly string[];
}

/** Every error a promise of Muster rejects with. */
export class MusterError extends Error {
  override readonly name = "MusterError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly op: string | undefined;
  readonly outcome: "not-applied" | "unknown" | undefined;
  readonly retryAfterMs: number | undefined;
  readonly hint: string | undefined;
  readonly fieldErrors: Readonly<Record<string, string>> | undefined;
  readonly current: string | undefined;
  readonly blockers: readonly Blocker[] | undefined;
  readonly notConfirmed: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, details: MusterErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = errorCodes[code];
    this.op = details.op;
    this.outcome = details.outcome;
    this.retryAfterMs = details.retryAfterMs;
    this.hint = details.hint;
    this.fieldErrors = details.fieldErrors;
    this.current = details.current;
    this.blockers = details.blockers;
    this.notConfirmed = details.notConfirmed;
  }
}

/** Tells whether a thrown value is Muster's, and of the given code when one is named. */
export const isMusterError = (value: unknown, code?: ErrorCode): value is MusterError =>
  value instanceof Error &&
  value.name === "MusterError" &&
  (code === undefined || (value as MusterError).code === code);
