/**
 * Estimates the cluster's time from what answers tell, so that ages are right on a machine whose
 * clock is not. An answer that is stale tells of a past instant and moves nothing.
 */
export class StoreClock {
  #offsetMs: number | undefined;
  readonly #local: () => number;

  constructor(local: () => number) {
    this.#local = local;
  }

  note(asOf: string, stale: boolean): void {
    const at = Date.parse(asOf);
    if (!stale && !Number.isNaN(at)) this.#offsetMs = at - this.#local();
  }

  now(): number {
    return this.#local() + (this.#offsetMs ?? 0);
  }
}
