/** The promise of one command, settled by what it came to. */
import type { AskOptions } from "../define-actor.ts";
import type { AskEnd, OpenAsk } from "./ask.ts";
import { errorOfEnd } from "./ask-ends.ts";
import type { Outcome } from "./wire.ts";

export class PendingAsk<A> implements OpenAsk {
  readonly failFast: boolean;
  sent = false;
  readonly #op: string;
  readonly #timeoutMs: number;
  readonly #resolve: (answer: A) => void;
  readonly #reject: (error: unknown) => void;
  readonly #answerOf: (outcome: Outcome) => A;

  constructor(
    op: string,
    timeoutMs: number,
    options: AskOptions,
    resolve: (answer: A) => void,
    reject: (error: unknown) => void,
    answerOf: (outcome: Outcome) => A,
  ) {
    this.failFast = options.failFast ?? false;
    this.#op = op;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#answerOf = answerOf;
  }

  settle(end: AskEnd): void {
    if (end.kind !== "answered") {
      this.#reject(errorOfEnd(this.#op, end, this.#timeoutMs));
      return;
    }
    try {
      this.#resolve(this.#answerOf(end.outcome));
    } catch (error) {
      this.#reject(error);
    }
  }
}
