/**
 * What a replica does next with one unit, and what an attempt leaves behind. Pure. Level-triggered:
 * only the present intent and what came of the last attempt count, not how they came about.
 *
 *   untried ──attempt──▶ converged | waiting | exhausted | terminal
 *   any ──another intent, or a forced nudge──▶ attempt at once, counting from 1
 */
import { hasAttemptLeft, type RetryPolicy, retryDelayMs } from "../model/retry-policy.ts";

export type Standing =
  /** No attempt of this incarnation has ended, or the last one was cut short. */
  | "untried"
  | "converged"
  | "waiting"
  /** The policy grants no further attempt: a nudge does. */
  | "exhausted"
  /** Another attempt would not help until the intent changes, or one is forced. */
  | "terminal";

/** What is remembered of a unit between attempts. */
export interface UnitState {
  /** Identity of the intent that the rest belongs to. */
  readonly intent: string;
  readonly standing: Standing;
  /** Attempts that failed in a row. */
  readonly attempts: number;
  /** Monotonic time of the next attempt: a jump of the Redis clock moves no retry. */
  readonly dueAt: number;
  /** The same by Redis time, for the row; 0 when none is planned. */
  readonly nextAttemptAt: number;
  readonly lastError: string | undefined;
}

export type Nudge =
  | "none"
  /** Look again: tries where no attempt is planned though one would help. */
  | "soft"
  /** Try now instead of at the planned time; attempts go on counting. */
  | "now"
  /** Try now whatever it stands at; attempts count from 1 again. */
  | "force";

export type UnitStep =
  | { readonly kind: "rest" }
  | { readonly kind: "wait"; readonly ms: number }
  /** `attempt` counts from 1 for each intent. */
  | { readonly kind: "attempt"; readonly attempt: number };

/** A unit as an incarnation first meets it: attempts are inherited, the delay is not. */
export const newUnitState = (
  intent: string,
  inherited:
    | {
        readonly intentId: string;
        readonly attempts: number;
        readonly lastError: string | undefined;
      }
    | undefined,
): UnitState => ({
  intent,
  standing: "untried",
  attempts: inherited?.intentId === intent ? inherited.attempts : 0,
  dueAt: 0,
  nextAttemptAt: 0,
  lastError: inherited?.intentId === intent ? inherited.lastError : undefined,
});

/** Decides what to do with a unit that no attempt is running for. */
export const decideStep = (
  state: UnitState,
  facts: { readonly intent: string; readonly nudge: Nudge; readonly mono: number },
): UnitStep => {
  if (facts.intent !== state.intent || facts.nudge === "force") {
    return { kind: "attempt", attempt: 1 };
  }
  const next: UnitStep = { kind: "attempt", attempt: state.attempts + 1 };
  switch (state.standing) {
    case "untried":
      return next;
    case "converged":
    case "terminal":
      return { kind: "rest" };
    case "exhausted":
      return facts.nudge === "none" ? { kind: "rest" } : next;
    case "waiting":
      return state.dueAt <= facts.mono || facts.nudge === "now"
        ? next
        : { kind: "wait", ms: state.dueAt - facts.mono };
  }
};

export interface AttemptOutcome {
  readonly converged: boolean;
  readonly retry: "policy" | "never" | { readonly afterMs: number };
  readonly error: string | undefined;
}

/** What an attempt leaves behind. */
export const settleAttempt = (
  before: UnitState,
  ended: {
    readonly intent: string;
    readonly attempt: number;
    readonly outcome: AttemptOutcome;
    /** Its signal was aborted while it ran. */
    readonly aborted: boolean;
  },
  facts: {
    readonly policy: RetryPolicy;
    readonly now: number;
    readonly mono: number;
    /** A number in [0, 1). */
    readonly draw: number;
  },
): UnitState => {
  const { attempt, intent, outcome } = ended;
  const rest = { intent, dueAt: 0, nextAttemptAt: 0 };
  if (outcome.converged) {
    return { ...rest, standing: "converged", attempts: 0, lastError: undefined };
  }
  // it failed because it was told to stop: that says nothing about the intent
  if (ended.aborted) {
    return { ...rest, standing: "untried", attempts: attempt - 1, lastError: before.lastError };
  }
  const failed = { attempts: attempt, lastError: outcome.error };
  if (outcome.retry === "never") return { ...rest, ...failed, standing: "terminal" };
  if (outcome.retry === "policy" && !hasAttemptLeft(facts.policy, attempt)) {
    return { ...rest, ...failed, standing: "exhausted" };
  }
  const delay =
    outcome.retry === "policy"
      ? retryDelayMs(facts.policy, attempt, facts.draw)
      : Math.max(0, outcome.retry.afterMs);
  return {
    intent,
    ...failed,
    standing: "waiting",
    dueAt: facts.mono + delay,
    nextAttemptAt: facts.now + delay,
  };
};
