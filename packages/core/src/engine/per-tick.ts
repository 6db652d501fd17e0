/**
 * Remembers a value for the present turn of the event loop: what is asked for with every command and
 * cannot sensibly change before the next one is worked out once.
 */
import type { Clock } from "../ports/clock.ts";

export class PerTick<T> {
  readonly #clock: Clock;
  readonly #compute: () => T;
  #value: { readonly is: T } | undefined;

  constructor(clock: Clock, compute: () => T) {
    this.#clock = clock;
    this.#compute = compute;
  }

  get(): T {
    if (this.#value === undefined) {
      this.#value = { is: this.#compute() };
      this.#clock.defer(() => {
        this.#value = undefined;
      });
    }
    return this.#value.is;
  }
}
