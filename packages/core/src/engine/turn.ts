/**
 * One turn: a command, an actor's state, and what came of it. Pure but for the handler itself,
 * which has to be (I2: the same turn may run again after a commit that failed).
 */
import type { Decision, Facts, More, Turn } from "../define-actor.ts";
import { isMusterError } from "../errors.ts";
import { deepFreeze } from "../freeze.ts";
import { type AnyKind, commandOf, fieldErrorsOf } from "./kinds.ts";
import type { Outcome } from "./wire.ts";

/** The answer to an ask that an earlier turn deferred. */
export interface GivenAnswer {
  readonly to: string;
  readonly outcome: Outcome;
}

/** What a handler decided beside its answer. */
export interface NextState {
  readonly state: unknown;
  readonly more: More;
  readonly answers?: readonly GivenAnswer[];
}

/** Says that a later turn answers. */
export const deferred = Object.freeze({ kind: "deferred" });
export type TurnOutcome = Outcome | typeof deferred;

export type TurnResult =
  | {
      readonly kind: "decided";
      /** Absent when the state stays as it is. */
      readonly next?: NextState;
      readonly outcome: TurnOutcome;
    }
  /** The handler threw; a told message is tried again. */
  | { readonly kind: "threw"; readonly error: string }
  /** The command cannot be run at all; trying again does not help. */
  | { readonly kind: "rejected"; readonly outcome: Extract<Outcome, { kind: "error" }> };

class Decided {
  next: { state: unknown; more: More } | undefined;
  answers: GivenAnswer[] | undefined;
  outcome: TurnOutcome | undefined;
}

const noMore: More = Object.freeze({});

class TurnBuilder {
  readonly #decided = new Decided();

  next(state: unknown, more: More = noMore): this {
    this.#decided.next = { state, more };
    return this;
  }
  reply(value?: unknown): Decided {
    this.#decided.outcome = { kind: "value", value };
    return this.#decided;
  }
  refuse(refusal: string): Decided {
    this.#decided.next = undefined;
    this.#decided.outcome = { kind: "refusal", refusal };
    return this.#decided;
  }
  defer(): Decided {
    this.#decided.outcome = deferred;
    return this.#decided;
  }
  answer(to: string, value?: unknown): this {
    return this.#give({ to, outcome: { kind: "value", value } });
  }
  answerRefusal(to: string, refusal: string): this {
    return this.#give({ to, outcome: { kind: "refusal", refusal } });
  }
  #give(answer: GivenAnswer): this {
    this.#decided.answers ??= [];
    this.#decided.answers.push(answer);
    return this;
  }
}

const error = (
  code: string,
  message: string,
  fieldErrors?: Readonly<Record<string, string>>,
): TurnResult => ({
  kind: "rejected",
  outcome: { kind: "error", code, message, ...(fieldErrors && { fieldErrors }) },
});

type Handler = (
  turn: Turn<unknown, never>,
  state: unknown,
  input: unknown,
  facts: Facts,
) => Decision<never>;

/** An input as it came, or as its schema has it once it was checked in this process. */
export type TurnInput = { readonly raw: unknown } | { readonly checked: unknown };

/**
 * Runs one command against one state. Never throws. With `freezes` the handler cannot change what
 * it was given without throwing.
 */
export const runTurn = (
  kind: AnyKind,
  command: string,
  state: unknown,
  given: TurnInput,
  facts: Facts,
  freezes = false,
): TurnResult => {
  try {
    return decide(kind, command, state, given, facts, freezes);
  } catch (thrown) {
    return { kind: "threw", error: describeThrown(thrown) };
  }
};

const decide = (
  kind: AnyKind,
  command: string,
  state: unknown,
  given: TurnInput,
  facts: Facts,
  freezes: boolean,
): TurnResult => {
  const spec = commandOf(kind, command);
  const handler: unknown = spec && kind.implementation.on[command];
  if (!spec || typeof handler !== "function") {
    return error("COMMAND_UNKNOWN", `The kind "${kind.kind}" has no command "${command}".`);
  }
  const input =
    "checked" in given
      ? { success: true as const, data: given.checked }
      : spec.input.safeParse(given.raw);
  if (!input.success) {
    return error(
      "VALIDATION",
      `The input of ${kind.kind}.${command} is not valid.`,
      fieldErrorsOf(input.error),
    );
  }
  if (freezes) {
    deepFreeze(state);
    deepFreeze(input.data);
    deepFreeze(facts);
  }
  const decided: unknown = (handler as Handler)(
    new TurnBuilder() as unknown as Turn<unknown, never>,
    state,
    input.data,
    facts,
  );
  // What such a promise comes to must not end the process as a rejection that nobody handles.
  if (decided instanceof Promise) decided.catch(() => {});
  if (!(decided instanceof Decided) || decided.outcome === undefined) {
    return {
      kind: "threw",
      error: `${kind.kind}.${command} did not end with reply(), refuse() or defer()${
        decided instanceof Promise ? ": handlers are synchronous, waiting belongs in an effect" : ""
      }`,
    };
  }
  if (decided.next === undefined) {
    return decided.outcome === deferred || (decided.answers && decided.outcome.kind === "value")
      ? {
          kind: "threw",
          error: `${kind.kind}.${command} set no next state before it deferred or answered`,
        }
      : { kind: "decided", outcome: decided.outcome };
  }
  if (spec.readOnly) {
    return { kind: "threw", error: `${kind.kind}.${command} is readOnly but set a next state` };
  }
  const next = kind.state.safeParse(decided.next.state);
  if (!next.success) {
    const fields = fieldErrorsOf(next.error);
    return {
      kind: "threw",
      error: `${kind.kind}.${command} made a state that its schema refuses: ${Object.entries(fields)
        .map(([field, message]) => `${field}: ${message}`)
        .join("; ")}`,
    };
  }
  // Also against what a handler may have kept of it.
  if (freezes) deepFreeze(next.data);
  return {
    kind: "decided",
    outcome: decided.outcome,
    next: decided.answers
      ? { state: next.data, more: decided.next.more, answers: decided.answers }
      : { state: next.data, more: decided.next.more },
  };
};

/** What was thrown, in a line; with the code by which a program can tell Muster's errors apart. */
export const describeThrown = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, 4_000);
  const name = isMusterError(thrown) ? `${thrown.name} ${thrown.code}` : thrown.name;
  return `${name}: ${thrown.message}`.slice(0, 4_000);
};
