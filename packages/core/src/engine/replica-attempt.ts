/**
 * One call of a replica's `apply`: its abort signal, the watch over its duration, and its end. A
 * throw is an outcome like any other. An attempt that does not return is named; it keeps its unit,
 * never the others.
 */
import type { Applied, ReplicaDefinition } from "../define-replica.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** What a unit is to agree with: an intent, or the absence of its row. */
export interface Target<Row> {
  readonly intent: string;
  readonly row: Row | undefined;
}

/** An attempt's answer; nothing is observed when it threw and nothing was before. */
export type Ended<Observed> = Applied<Observed | undefined>;

export interface AttemptOptions<Row, Observed> {
  readonly definition: ReplicaDefinition<Row, Observed>;
  readonly id: string;
  /** Name of the unit in the log. */
  readonly unit: string;
  readonly target: Target<Row>;
  /** 1 for the first attempt at this intent. */
  readonly number: number;
  readonly previous: Observed | undefined;
  readonly inherited: unknown;
  readonly now: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly abortGraceMs: number;
  readonly slowAfterMs: number;
  onReport(observed: Observed): void;
  /** It takes too long: others need not wait for it. */
  onOverdue(): void;
  onEnded(ended: Ended<Observed>): void;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);

export class Attempt<Row, Observed> {
  readonly target: Target<Row>;
  readonly number: number;
  readonly #options: AttemptOptions<Row, Observed>;
  readonly #controller = new AbortController();
  #watch: Cancel;
  #state: "running" | "overdue" | "ended" = "running";

  /** Calls `apply` in a later microtask, so that its owner has noted the attempt before it reports. */
  constructor(options: AttemptOptions<Row, Observed>) {
    this.#options = options;
    this.target = options.target;
    this.number = options.number;
    this.#watch = options.clock.after(options.slowAfterMs, () => this.#overdue("is slow"));
    const attempted = Promise.resolve().then(() =>
      options.definition.apply(options.target.row, {
        id: options.id,
        signal: this.#controller.signal,
        previous: options.previous,
        inherited: options.inherited,
        attempt: options.number,
        now: options.now,
        report: (observed) => {
          if (this.#state !== "ended") options.onReport(observed);
        },
      }),
    );
    void attempted.then(
      (applied) => this.#end(applied),
      (error: unknown) => this.#end(this.#threw(error)),
    );
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }
  get overdue(): boolean {
    return this.#state === "overdue";
  }

  /** Asks it to return soon. */
  abort(why: string): void {
    if (this.aborted || this.#state === "ended") return;
    const { abortGraceMs, clock } = this.#options;
    this.#watch();
    this.#watch = clock.after(abortGraceMs, () => this.#overdue("ignores its abort signal"));
    this.#controller.abort(Object.assign(new Error(why), { name: "AbortError" }));
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    this.#watch();
  }

  #overdue(what: string): void {
    if (this.#state === "ended") return;
    const { logger, onOverdue, unit } = this.#options;
    const { intent } = this.target;
    logger.warn(
      { unit, intentId: intent, attempt: this.number },
      `the apply of ${unit} ${what}: the unit waits until it returns`,
    );
    if (this.#state === "running") {
      this.#state = "overdue";
      onOverdue();
    }
  }

  #end(ended: Ended<Observed>): void {
    this.#watch();
    this.#state = "ended";
    this.#options.onEnded(ended);
  }

  #threw(error: unknown): Ended<Observed> {
    const { definition, logger, previous, unit } = this.#options;
    let observed = previous;
    try {
      observed = definition.failed?.(error, previous) ?? previous;
    } catch (second) {
      logger.error({ unit, error: second }, "the replica's `failed` threw");
    }
    return { observed, converged: false, retry: "policy", error: messageOf(error) };
  }
}
