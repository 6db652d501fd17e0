/** How late the event loop runs tasks: the worst seen between two looks, in milliseconds. */
import type { Cancel, Clock } from "../ports/clock.ts";

export class LoopLag {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #worst = 0;
  #dueAt = 0;
  #started = false;
  #cancel: Cancel | undefined;
  readonly #measured: (lagMs: number) => void;

  constructor(clock: Clock, everyMs: number, measured: (lagMs: number) => void = () => {}) {
    this.#clock = clock;
    this.#measured = measured;
    this.#everyMs = everyMs;
  }

  /** Begins to measure on first use. */
  worstMs(): number {
    if (!this.#started) {
      this.#started = true;
      this.#next();
    }
    const worst = Math.max(this.#worst, this.#clock.monotonic() - this.#dueAt - this.#everyMs);
    this.#worst = 0;
    return Math.max(0, Math.round(worst));
  }

  stop(): void {
    this.#cancel?.();
  }

  #next(): void {
    this.#dueAt = this.#clock.monotonic() + this.#everyMs;
    this.#cancel = this.#clock.after(this.#everyMs, () => {
      const lag = this.#clock.monotonic() - this.#dueAt;
      this.#worst = Math.max(this.#worst, lag);
      this.#measured(Math.max(0, lag));
      this.#next();
    });
  }
}
