/**
 * Time that moves only when told to. Events run one by one, ordered by their time and then by the
 * order in which they were asked for, so that one program takes the same course every time.
 */
import { MinHeap } from "../min-heap.ts";
import type { Cancel, Clock } from "../ports/clock.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  /** Absent once cancelled. */
  task: (() => void) | undefined;
}

const sooner = (left: Event, right: Event): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

/** Events at one instant after which a program is taken to go round in circles. */
const mostEventsPerInstant = 1_000_000;

/** All promise reactions that can run have run when the next macrotask of the process begins. */
const microtasksDone = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class VirtualClock implements Clock {
  readonly #events = new MinHeap<Event>(sooner);
  #now = 0;
  #wallOrigin: number;
  #order = 0;
  #atThisInstant = 0;

  /** Starts at `wall`, epoch milliseconds. */
  constructor(options: { readonly wall?: number } = {}) {
    this.#wallOrigin = options.wall ?? 1_800_000_000_000;
  }

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallOrigin + this.#now;
  }

  after(delayMs: number, task: () => void): Cancel {
    const event: Event = { at: this.#now + Math.max(0, delayMs), order: this.#order++, task };
    this.#events.add(event);
    return () => {
      event.task = undefined;
    };
  }

  /** An event at the present instant, behind those already asked for. */
  defer(task: () => void): void {
    this.after(0, task);
  }

  /** Sets the wall clock forward, or back when negative; the monotonic clock stays. */
  jumpWall(ms: number): void {
    this.#wallOrigin += ms;
  }

  /**
   * Moves time on and runs what falls due, in one synchronous step: promise reactions run after it.
   * @throws what an event throws
   */
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.#runNext(until));
    this.#moveTo(until);
  }

  /**
   * Moves time on to `untilMs` (monotonic). Before each event all promise reactions of the earlier
   * ones have run, as on a real event loop.
   * @throws what an event throws (rejects)
   */
  async run(untilMs: number): Promise<void> {
    do await microtasksDone();
    while (this.#runNext(untilMs));
    this.#moveTo(untilMs);
  }

  /** Moves time on by `ms`, as {@link run} does. */
  runFor(ms: number): Promise<void> {
    return this.run(this.#now + ms);
  }

  /**
   * Moves time on until `fact` holds.
   * @throws Error (rejects) when it does not within `withinMs`
   */
  async runUntil(fact: () => boolean, withinMs: number): Promise<void> {
    const deadline = this.#now + withinMs;
    do {
      await microtasksDone();
      if (fact()) return;
    } while (this.#runNext(deadline));
    this.#moveTo(deadline);
    if (!fact()) throw new Error(`The fact did not come about within ${withinMs} ms: ${fact}`);
  }

  /** Runs the next event if it is due by `untilMs`; tells whether there was one. */
  #runNext(untilMs: number): boolean {
    for (;;) {
      const next = this.#events.first;
      if (!next || next.at > untilMs) return false;
      this.#events.take();
      const { task } = next;
      if (!task) continue;
      this.#moveTo(next.at);
      if (++this.#atThisInstant > mostEventsPerInstant) {
        throw new Error(`Time stands still at ${this.#now} ms: events only bring forth more.`);
      }
      // Cancelling an event that ran is harmless, and it is not kept by who holds the cancel.
      next.task = undefined;
      task();
      return true;
    }
  }

  #moveTo(ms: number): void {
    if (ms <= this.#now) return;
    this.#now = ms;
    this.#atThisInstant = 0;
  }
}
