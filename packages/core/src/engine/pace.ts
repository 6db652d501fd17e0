/**
 * Runs short tasks soon, in microtasks, but lets the event loop turn after a bounded number of
 * them: a backend that answers within the process must not starve the embedding server (I9).
 */
import type { Clock } from "../ports/clock.ts";

const tasksPerTurn = 64;

export class Pace {
  readonly #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  soon(task: () => void): void {
    if (this.#count === 0) {
      this.#clock.defer(() => {
        this.#count = 0;
      });
    }
    this.#count += 1;
    if (this.#count < tasksPerTurn) queueMicrotask(task);
    else this.#clock.defer(task);
  }
}
