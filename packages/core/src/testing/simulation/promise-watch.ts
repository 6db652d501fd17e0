/** Sees that every promise given to a caller settles by its deadline (I5). */
import type { SimProcess } from "./process.ts";
import type { Violations } from "./violations.ts";

/** A promise settles by its deadline, or in the first turn of the event loop after it. */
const lateMs = 20;

interface Open {
  readonly what: string;
  readonly process: SimProcess;
}

export class PromiseWatch {
  readonly #violations: Violations;
  readonly #open = new Set<Open>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Whose promises, of what, are open. */
  names(): readonly string[] {
    return [...this.#open].map(({ process, what }) => `${process.name}: ${what}`);
  }

  /** Passes a promise on, which has to settle within `limitMs` by its process's clock. */
  watch<T>(process: SimProcess, limitMs: number, what: string, promise: Promise<T>): Promise<T> {
    // A process may be ended by the very call that made the promise.
    if (process.state === "ended") return promise;
    const open: Open = { what, process };
    this.#open.add(open);
    const cancel = process.clock.after(limitMs + lateMs, () => {
      if (this.#open.delete(open)) {
        this.#violations.add("I5", `${process.name}: ${what} did not settle in ${limitMs} ms`);
      }
    });
    const settled = () => {
      this.#open.delete(open);
      cancel();
    };
    promise.then(settled, settled);
    return promise;
  }

  /** A process has stopped: nothing of it may be open any more. */
  stopped(process: SimProcess): void {
    for (const open of this.#of(process)) {
      this.#violations.add("I5", `${process.name} has stopped: ${open.what} did not settle`);
    }
    this.ended(process);
  }

  /** A process was killed: its promises are nobody's. */
  ended(process: SimProcess): void {
    for (const open of this.#of(process)) this.#open.delete(open);
  }

  #of(process: SimProcess): readonly Open[] {
    return [...this.#open].filter((open) => open.process === process);
  }
}
