/** How late the event loop runs tasks: the worst seen between two looks, in milliseconds. */
import type { Cancel, Clock } from "../ports/clock.ts";

const everyMs = 500;

export class LoopLag {
  readonly #clock: Clock;
  #worst = 0;
  #dueAt = 0;
  #started = false;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to measure on first use. */
  worstMs(): number {
    if (!this.#started) {
      this.#started = true;
      this.#next();
    }
    const worst = Math.max(this.#worst, this.#clock.monotonic() - this.#dueAt - everyMs);
    this.#worst = 0;
    return Math.max(0, Math.round(worst));
  }

  stop(): void {
    this.#cancel?.();
  }

  #next(): void {
    this.#dueAt = this.#clock.monotonic() + everyMs;
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#worst = Math.max(this.#worst, this.#clock.monotonic() - this.#dueAt);
      this.#next();
    });
  }
}
