/** Slows down guessing: too many failed attempts from one address are refused for a while. */
import { HttpProblem } from "./problem.ts";

const windowMs = 60_000;
const maxFailures = 30;
const maxAddresses = 10_000;

export class FailureLimit {
  readonly #failures = new Map<string, { since: number; count: number }>();
  readonly #now: () => number;

  /** Keeps time by `now`, in milliseconds; by default the machine's. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws HttpProblem `TOO_MANY_REQUESTS` */
  check(address: string): void {
    const known = this.#failures.get(address);
    if (!known) return;
    const left = known.since + windowMs - this.#now();
    if (left <= 0) this.#failures.delete(address);
    else if (known.count >= maxFailures) {
      throw new HttpProblem("TOO_MANY_REQUESTS", "Too many wrong tokens from this address.", {
        retryAfterMs: left,
      });
    }
  }

  note(address: string): void {
    const known = this.#failures.get(address);
    if (known) known.count += 1;
    else {
      const oldest = this.#failures.keys().next().value;
      if (this.#failures.size >= maxAddresses && oldest !== undefined) {
        this.#failures.delete(oldest);
      }
      this.#failures.set(address, { since: this.#now(), count: 1 });
    }
  }
}
