/** One partition of a list + watch: the version known, whether a listing is due, how fresh it is. */
import { type RetryPolicy, retryDelayMs } from "../model/retry-policy.ts";
import type { ViewVersion } from "../ports/view-store.ts";

/** Delays between attempts to reach a backend that is away. */
export const backendBackoff: RetryPolicy = Object.freeze({
  strategy: "exponential",
  baseMs: 50,
  maxMs: 2_000,
  maxAttempts: 0,
  jitter: 0.2,
});

/** Hints kept while a listing is under way; beyond it, another listing follows. */
const maxBuffered = 1_000;

export class Partition<H> {
  version: ViewVersion | undefined;
  phase: "due" | "listing" | "listed" = "due";
  /** Number of the last listing begun; an answer to an earlier one no longer counts. */
  call = 0;
  /** Listings that failed in a row. */
  failures = 0;
  /** Monotonic time before which a failed listing is not repeated. */
  notBefore = 0;
  /** Redis time up to which the rows are known to be complete. */
  confirmedAt = 0;
  #confirmedMono = 0;
  #unconfirmed = false;
  #buffer: H[] = [];
  /** What is buffered is not enough: list once more after this listing. */
  #again = false;

  /** Asks for a listing; what was buffered belongs to the time before it. */
  makeDue(): void {
    this.phase = "due";
    this.#buffer = [];
    this.#again = false;
  }

  /** Asks for a listing that begins after now. */
  refresh(): void {
    if (this.phase === "listing") this.#again = true;
    else this.makeDue();
  }

  begin(call: number): void {
    this.phase = "listing";
    this.call = call;
  }

  /** After a reset of the bus: a listing under way may have been answered before the cut. */
  reset(call: number): void {
    this.makeDue();
    this.call = call;
    this.failures = 0;
    this.notBefore = 0;
  }

  listed(version: ViewVersion, at: number, mono: number): void {
    this.version = version;
    this.phase = "listed";
    this.failures = 0;
    this.confirm(at, mono);
  }

  failed(mono: number, draw: number): void {
    this.makeDue();
    this.#unconfirmed = true;
    this.failures += 1;
    this.notBefore = mono + retryDelayMs(backendBackoff, this.failures, draw);
  }

  keep(hint: H): void {
    if (this.#buffer.length < maxBuffered) this.#buffer.push(hint);
    else this.#again = true;
  }

  /** Hands over what was published during the listing. */
  takeBuffer(): { readonly hints: readonly H[]; readonly again: boolean } {
    const taken = { hints: this.#buffer, again: this.#again };
    this.#buffer = [];
    this.#again = false;
    return taken;
  }

  confirm(at: number, mono: number): void {
    this.#unconfirmed = false;
    this.confirmedAt = Math.max(this.confirmedAt, at);
    this.#confirmedMono = Math.max(this.#confirmedMono, mono);
  }

  /** The backend could not tell whether the rows are up to date. */
  doubt(): void {
    this.#unconfirmed = true;
  }

  /** The age also tells a process that was frozen, before anything else has run in it. */
  isFresh(mono: number, staleAfterMs: number): boolean {
    return (
      this.phase === "listed" && !this.#unconfirmed && mono - this.#confirmedMono <= staleAfterMs
    );
  }
}
