/**
 * Time that stands still until it is moved, while what is due at the present instant runs by
 * itself: promises of a node on it settle without anybody moving time, unless they wait for some.
 */
import type { Cancel, Clock } from "../ports/clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

export class StillClock implements Clock {
  readonly #inner: VirtualClock;
  #isMoving = false;
  #isPumping = false;

  /** Stands still at `wall`, epoch milliseconds. */
  constructor(options: { readonly wall: number }) {
    this.#inner = new VirtualClock(options);
  }

  monotonic(): number {
    return this.#inner.monotonic();
  }
  wall(): number {
    return this.#inner.wall();
  }
  after(delayMs: number, task: () => void): Cancel {
    // Whole milliseconds, as the store tells time: so that what is due now rings now.
    const cancel = this.#inner.after(Math.ceil(delayMs), task);
    if (delayMs <= 0) this.#pump();
    return cancel;
  }
  defer(task: () => void): void {
    this.#inner.defer(task);
    this.#pump();
  }

  /** Moves time on by `ms`; what falls due runs at its instant. */
  async advance(ms: number): Promise<void> {
    await this.#move(() => this.#inner.runFor(ms));
  }

  /** Moves time on until `fact` holds. @throws Error (rejects) when it does not within `withinMs` */
  async until(fact: () => boolean, withinMs: number): Promise<void> {
    await this.#move(() => this.#inner.runUntil(fact, withinMs));
  }

  async #move(move: () => Promise<void>): Promise<void> {
    if (this.#isMoving) throw new Error("Time is being moved already: await the first call.");
    this.#isMoving = true;
    try {
      await move();
    } finally {
      this.#isMoving = false;
      this.#pump();
    }
  }

  /** Runs what is due now, in a later turn of the event loop. */
  #pump(): void {
    if (this.#isPumping || this.#isMoving) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (!this.#isMoving) void this.#inner.run(this.#inner.monotonic());
    });
  }
}
