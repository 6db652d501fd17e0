/** A behaviour as a plain function: one command against one state, without any node or time. */
import type { z } from "zod";
import { encode } from "../codec.ts";
import type {
  ActorEvent,
  ActorKind,
  CommandSpecs,
  EffectStart,
  Facts,
  OutgoingTell,
  Output,
  RefusalOf,
  TimerChange,
} from "../define-actor.ts";
import type { AnyKind } from "../engine/kinds.ts";
import { deferred, runTurn } from "../engine/turn.ts";
import { type ErrorCode, errorCodes, MusterError } from "../errors.ts";

export interface CommandGiven<St extends z.ZodType, P extends CommandSpecs, K extends keyof P> {
  readonly input: z.input<P[K]["input"]>;
  /** @defaultValue the initial state of the actor */
  readonly state?: z.output<St>;
  /** Id of the actor. @defaultValue "test" */
  readonly id?: string;
  /** What the handler is told besides. @defaultValue noon of 15 January 2027 as `now`, attempt 1 */
  readonly facts?: Partial<Facts>;
}

/** What a handler has decided. */
export interface CommandRun<St extends z.ZodType, P extends CommandSpecs, K extends keyof P> {
  readonly outcome:
    | { readonly kind: "replied"; readonly value: Output<P[K]> }
    | { readonly kind: "refused"; readonly refusal: RefusalOf<P[K]> }
    /** A later turn answers. */
    | { readonly kind: "deferred" };
  /** The next state; the one given where none was set. */
  readonly state: z.output<St>;
  readonly timers: readonly TimerChange[];
  readonly tell: readonly OutgoingTell[];
  readonly effects: readonly EffectStart[];
  readonly events: readonly ActorEvent[];
  /** Answers to asks that earlier turns deferred: a value or a refusal each. */
  readonly answers: readonly {
    readonly to: string;
    readonly value?: unknown;
    readonly refusal?: string;
  }[];
}

const noon = Date.UTC(2027, 0, 15, 12);

const factsOf = (kind: string, id: string, given: Partial<Facts> = {}): Facts => ({
  now: noon,
  self: { kind, id },
  fence: { datasetId: "test", epoch: 1 },
  sender: "test",
  principal: undefined,
  idempotencyKey: undefined,
  attempt: 1,
  turnId: "test-turn",
  ask: "test-ask" as Facts["ask"],
  ...given,
});

const failed = (op: string, code: ErrorCode, message: string): MusterError =>
  new MusterError(code, message, { op, outcome: "not-applied" });

const codeOf = (text: string): ErrorCode =>
  Object.hasOwn(errorCodes, text) ? (text as ErrorCode) : "HANDLER_FAILED";

/**
 * Runs one command of a kind as its owner would, and answers what it decided; nothing is kept.
 * Input and next state are checked by their schemas, and neither may be changed by the handler.
 * @throws MusterError `VALIDATION` for an input that does not fit, `COMMAND_UNKNOWN`,
 *   `HANDLER_FAILED` when the handler throws, or makes a state that cannot be stored
 */
export const runCommand = <
  St extends z.ZodType,
  P extends CommandSpecs,
  K extends keyof P & string,
>(
  kind: ActorKind<St, P>,
  command: K,
  given: CommandGiven<St, P, K>,
): CommandRun<St, P, K> => {
  const id = given.id ?? "test";
  const op = `${kind.kind}.${command}`;
  const state = given.state ?? kind.implementation.initial(id);
  const result = runTurn(
    kind as unknown as AnyKind,
    command,
    state,
    { raw: given.input },
    factsOf(kind.kind, id, given.facts),
    true,
  );
  if (result.kind === "threw") throw failed(op, "HANDLER_FAILED", result.error);
  if (result.kind === "rejected") {
    throw failed(op, codeOf(result.outcome.code), result.outcome.message);
  }
  const { next, outcome } = result;
  const { timers = [], tell = [], effects = [], events = [] } = next?.more ?? {};
  try {
    encode([next?.state, timers, tell, effects, events]);
  } catch (error) {
    throw failed(op, "HANDLER_FAILED", `${op} decided what cannot be stored: ${String(error)}`);
  }
  const answers = (next?.answers ?? []).map(({ to, outcome: answer }) => ({
    to,
    ...(answer.kind === "value" && { value: answer.value }),
    ...(answer.kind === "refusal" && { refusal: answer.refusal }),
  }));
  const ended =
    outcome.kind === "value"
      ? { kind: "replied", value: outcome.value }
      : outcome.kind === "refusal"
        ? { kind: "refused", refusal: outcome.refusal }
        : { kind: deferred.kind };
  return {
    outcome: ended as CommandRun<St, P, K>["outcome"],
    state: (next ? next.state : state) as z.output<St>,
    timers,
    tell,
    effects,
    events,
    answers,
  };
};
