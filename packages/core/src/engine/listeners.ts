/** Callbacks whose errors stay with them: one bad listener disturbs neither the others nor the caller. */
import type { Logger } from "../ports/logger.ts";

export class Listeners<A extends readonly unknown[]> {
  readonly #logger: Logger;
  readonly #name: string;
  readonly #listeners = new Set<{ readonly call: (...args: A) => void }>();

  constructor(logger: Logger, name: string) {
    this.#logger = logger;
    this.#name = name;
  }

  /** Adds a listener; the answer removes it. */
  add(call: (...args: A) => void): () => void {
    // an object of its own, so that the same function may be added twice
    const listener = { call };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(...args: A): void {
    for (const listener of [...this.#listeners]) {
      // one told earlier may have removed it
      if (!this.#listeners.has(listener)) continue;
      try {
        listener.call(...args);
      } catch (error) {
        this.#logger.error({ listener: this.#name, error }, "a listener threw");
      }
    }
  }
}
