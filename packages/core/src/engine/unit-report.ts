/** What one unit has been observed to be, and its row on the status board. */
import { encode } from "../codec.ts";
import { sameBytes } from "./row-store.ts";
import { clipError, type OwnStatusRow } from "./status-row.ts";

/** What a row says besides what was observed. */
export type AboutRow = Pick<
  OwnStatusRow,
  "intentId" | "converged" | "attempts" | "nextAttemptAt" | "lastError"
>;

export class UnitReport<Observed> {
  #observed: Observed | undefined;
  #bytes: Uint8Array | undefined;
  #since = 0;
  #about: AboutRow | undefined;

  get observed(): Observed | undefined {
    return this.#observed;
  }

  /**
   * Takes a new observation at Redis time `now`; one equal to the last keeps its `since`.
   * @throws Error for a value that cannot be encoded; the last observation stays then
   */
  observe(observed: Observed | undefined, now: number): void {
    const bytes = encode(observed ?? null);
    this.#observed = observed;
    if (this.#bytes && sameBytes(this.#bytes, bytes)) return;
    this.#bytes = bytes;
    this.#since = now;
  }

  forget(): void {
    this.#observed = undefined;
    this.#bytes = undefined;
    this.#since = 0;
    this.#about = undefined;
  }

  /** The last row as it is to be while the unit is being changed; only where it claimed agreement. */
  unsettled(): OwnStatusRow | undefined {
    return this.#about?.converged ? this.row({ ...this.#about, converged: false }) : undefined;
  }

  row(about: AboutRow): OwnStatusRow {
    this.#about = about;
    const { attempts, converged, intentId, lastError, nextAttemptAt } = about;
    return {
      intentId,
      observed: this.#observed,
      converged,
      attempts,
      nextAttemptAt,
      lastError: lastError === undefined ? undefined : clipError(lastError),
      since: this.#since,
    };
  }
}
