/**
 * Redis time on this node: the offset learnt from heartbeats, carried by the monotonic clock. Never
 * goes backwards within a node.
 */
import type { RedisMs } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";

export class StoreTime {
  readonly #clock: Clock;
  #offset: number;
  #roundTrip = Number.POSITIVE_INFINITY;
  #learntAt = Number.NEGATIVE_INFINITY;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wall() - clock.monotonic();
  }

  /** Takes a sample: what the store said, and the monotonic instants around the call. */
  learn(storeNow: RedisMs, sentAt: number, receivedAt: number): void {
    const roundTrip = receivedAt - sentAt;
    const old = receivedAt - this.#learntAt > 10_000;
    if (old || roundTrip <= this.#roundTrip * 1.25) {
      this.#offset = storeNow - (sentAt + receivedAt) / 2;
      this.#roundTrip = roundTrip;
      this.#learntAt = receivedAt;
    }
  }

  /** Forgets what was learnt, when the store's clock may be another one (a fail-over). */
  forget(): void {
    this.#learntAt = Number.NEGATIVE_INFINITY;
    this.#roundTrip = Number.POSITIVE_INFINITY;
  }

  now(): RedisMs {
    const now = Math.floor(this.#clock.monotonic() + this.#offset);
    if (now > this.#last) this.#last = now;
    return this.#last;
  }
}
