/**
 * What becomes of a command that failed: an ask is refused at once; a told message is tried again,
 * holding back only its own actor, and then put aside as a dead letter (I4, I8).
 */
import { encode } from "../codec.ts";
import type { Message } from "../model/message.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import type { CommitLine } from "./commit-line.ts";
import type { OwnerContext } from "./owner-context.ts";
import { describeThrown } from "./turn.ts";
import type { TurnEnd } from "./turn-end.ts";
import { encodeMessage, type Outcome } from "./wire.ts";

export type ErrorOutcome = Extract<Outcome, { kind: "error" }>;

const maxAttempts = 5;
const maxRetryMs = 10_000;

export interface FailuresParts {
  readonly owner: OwnerContext;
  readonly line: CommitLine;
  readonly end: TurnEnd;
  /** Holds a request and its actor back for a while. */
  holdBack(cell: ActorCell, request: TurnRequest, delayMs: number): void;
}

/** What is kept of a message that is put aside; an input that cannot be written is left out. */
const deadMessage = (message: Message): Uint8Array => {
  try {
    return encodeMessage(message);
  } catch {
    return encodeMessage({ ...message, input: null });
  }
};

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

  threw(cell: ActorCell, request: TurnRequest, error: string): void {
    const { owner, holdBack } = this.#parts;
    const now = owner.clock.monotonic();
    const { command, replyTo } = request.message;
    owner.logger.warn(
      { actor: cell.key, command, attempt: request.attempt, error },
      "a turn failed",
    );
    if (request.attempt === 1) request.failedAt = now;
    const usedUp = request.attempt >= maxAttempts || now - request.failedAt > maxRetryMs;
    if (replyTo || usedUp) {
      this.reject(request, { kind: "error", code: "HANDLER_FAILED", message: error });
      return;
    }
    request.attempt += 1;
    holdBack(cell, request, 100 * 2 ** request.attempt);
  }

  /** Ends a command that cannot be run: the asker is told, a told message becomes a dead letter. */
  reject(request: TurnRequest, outcome: ErrorOutcome): void {
    const { message } = request;
    if (!message.replyTo) {
      this.#parts.line.batch.dead.set(
        request.turnId,
        encode([
          "message",
          outcome.code,
          outcome.message,
          this.#parts.owner.now(),
          request.attempt,
          deadMessage(message),
        ]),
      );
    }
    this.#parts.end.finish(request, outcome);
  }
}
