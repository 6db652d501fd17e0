/**
 * Redis time on this node: the offset learnt from heartbeats, carried by the monotonic clock. Never
 * goes backwards within a node by a little: it stands still until it is caught up. When a clock has
 * jumped it follows at once, since deadlines and timers of all nodes are compared by it.
 */
import type { RedisMs } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";

/** Clocks may drift apart by this much between two samples, and the store tells whole milliseconds. */
const slackMs = 5;
/** Being ahead by more than this is corrected backwards. */
const mostAheadMs = 1_000;
/** A sample is replaced by a worse one after this time. */
const sampleAgeMs = 10_000;

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
    const isOld = receivedAt - this.#learntAt > sampleAgeMs;
    if (!isOld && roundTrip > this.#roundTrip * 1.25 && this.#fits(storeNow, sentAt, receivedAt)) {
      return;
    }
    this.#offset = storeNow - (sentAt + receivedAt) / 2;
    this.#roundTrip = roundTrip;
    this.#learntAt = receivedAt;
    const now = Math.floor(receivedAt + this.#offset);
    if (this.#last > now + mostAheadMs) this.#last = now;
  }

  /** The store said its time at some instant of the call: another offset than that is wrong. */
  #fits(storeNow: RedisMs, sentAt: number, receivedAt: number): boolean {
    return (
      this.#offset >= storeNow - receivedAt - slackMs && this.#offset <= storeNow - sentAt + slackMs
    );
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
