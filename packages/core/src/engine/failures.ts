/**
 * What becomes of a command that failed: an ask is refused at once; a told message is tried again,
 * holding back only its own actor, and then put aside as a dead letter (I4, I8).
 */
import type { DeadReason } from "../model/dead-letter.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import type { Asides } from "./asides.ts";
import type { CommitLine } from "./commit-line.ts";
import type { OwnerContext } from "./owner-context.ts";
import { afterFailure, type TryBook, workOf } from "./tries.ts";
import { describeThrown } from "./turn.ts";
import type { TurnEnd } from "./turn-end.ts";
import type { Outcome } from "./wire.ts";

export type ErrorOutcome = Extract<Outcome, { kind: "error" }>;

const maxAttempts = 5;
const maxRetryMs = 10_000;

export interface FailuresParts {
  readonly owner: OwnerContext;
  readonly line: CommitLine;
  readonly book: TryBook;
  readonly asides: Asides;
  readonly end: TurnEnd;
  /** Holds a request and its actor back for a while. */
  holdBack(cell: ActorCell, request: TurnRequest, delayMs: number): void;
}

const reasons: Readonly<Record<string, DeadReason>> = {
  KIND_UNKNOWN: "unknown_kind",
  COMMAND_UNKNOWN: "unknown_command",
  VALIDATION: "invalid_input",
  STATE_UNREADABLE: "state_unreadable",
  STATE_TOO_LARGE: "over_bound",
  PAYLOAD_TOO_LARGE: "over_bound",
  FANOUT_TOO_WIDE: "over_bound",
  CALL_TOO_DEEP: "over_bound",
  DEFERRALS_FULL: "over_bound",
};
const reasonOf = (code: string): DeadReason =>
  Object.hasOwn(reasons, code) ? (reasons[code] ?? "handler_threw") : "handler_threw";

export class Failures {
  readonly #parts: FailuresParts;

  constructor(parts: FailuresParts) {
    this.#parts = parts;
  }

  /** Ends a command whose turn failed in a way that nothing here foresees. */
  failed(request: TurnRequest, error: unknown): void {
    const message = describeThrown(error);
    this.reject(request, { kind: "error", code: "HANDLER_FAILED", message });
  }

  /** A handler threw: the ask is refused, the told message tried again, or put aside. */
  threw(cell: ActorCell, request: TurnRequest, error: string): void {
    const { owner, line, book, holdBack } = this.#parts;
    const { command, replyTo } = request.message;
    owner.meter.turnsThrown += 1;
    const tries = afterFailure(request.tries, error, owner.now());
    const { attempts, firstAt, lastAt } = tries;
    owner.logger.warn({ actor: cell.key, command, attempt: attempts, error }, "a turn failed");
    request.tries = tries;
    if (replyTo || attempts >= maxAttempts || lastAt - firstAt > maxRetryMs) {
      this.reject(request, { kind: "error", code: "HANDLER_FAILED", message: error });
      return;
    }
    const work = workOf(request);
    if (work !== undefined) book.put(line.batch, work, tries);
    holdBack(cell, request, 100 * 2 ** (attempts + 1));
  }

  /** Ends a command that cannot be run: the asker is told, a told message becomes a dead letter. */
  reject(request: TurnRequest, outcome: ErrorOutcome): void {
    const { end, asides } = this.#parts;
    if (request.message.replyTo) end.finish(request, outcome);
    else {
      const verdict = { reason: reasonOf(outcome.code), error: outcome.message };
      asides.request(request, verdict, outcome);
    }
  }
}
