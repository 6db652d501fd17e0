/**
 * Reads the stream of events for this node's subscribers: once for all, on a hint or a sweep, and
 * not at all while there are none. The newest items are kept in memory, bounded; a subscriber that
 * is further behind reads from the store at its own pace, so that a slow one costs no memory (I8).
 */

import type { EventItem } from "../model/event.ts";
import { compareEventIds, firstEventId } from "../model/event-id.ts";
import type { EventId } from "../model/ids.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import { type EventStore, maxEventPage } from "../ports/event-store.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import { backoff } from "./backoff.ts";
import { type Cursor, takePage } from "./event-gaps.ts";
import { EventSubscription } from "./event-subscription.ts";
import { SweepTimer } from "./sweep-timer.ts";

export interface EventFeedContext {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sweepMs: number;
}

export interface ReadOn {
  readonly items: readonly EventItem[];
  readonly cursor: Cursor;
}

const keptInMemory = 1_000;

export class EventFeed {
  readonly #context: EventFeedContext;
  readonly #subscriptions = new Set<EventSubscription>();
  #sweep: SweepTimer | undefined;
  /** Items behind `#base`, up to `#tail`, without a break. */
  #recent: EventItem[] = [];
  #base: EventId | undefined;
  #tail: Cursor | undefined;
  #listening: (() => Promise<void>) | undefined;
  #run = 0;

  constructor(context: EventFeedContext) {
    this.#context = context;
  }

  /** Calls back for all items behind a cursor; from now on without one. */
  subscribe(
    from: Cursor | "now",
    listener: (item: EventItem) => unknown,
    told: { began(after: EventId): void; ended(): void },
  ): () => void {
    const { clock, logger } = this.#context;
    const subscription = new EventSubscription({
      clock,
      logger,
      listener,
      ...told,
      from,
      next: (cursor) => this.#next(cursor),
      now: () => this.#now(),
    });
    this.#subscriptions.add(subscription);
    if (this.#subscriptions.size === 1) this.#begin();
    subscription.begin();
    return () => {
      subscription.end();
      if (this.#subscriptions.delete(subscription) && this.#subscriptions.size === 0) this.#rest();
    };
  }

  /** Ends all subscriptions and tells them so. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.stopped();
    this.#subscriptions.clear();
    this.#rest();
  }

  #begin(): void {
    this.#run += 1;
    const { clock, random, sweepMs } = this.#context;
    this.#sweep = new SweepTimer({ clock, random, everyMs: sweepMs, run: () => this.#read() });
    this.#sweep.start();
    void this.#listen(this.#run);
  }

  #rest(): void {
    this.#run += 1;
    this.#sweep?.stop();
    this.#sweep = undefined;
    void this.#listening?.();
    this.#listening = undefined;
    this.#recent = [];
    this.#base = undefined;
    this.#tail = undefined;
  }

  async #listen(run: number): Promise<void> {
    const { bus, clock } = this.#context;
    for (let attempt = 1; this.#run === run; attempt++) {
      try {
        const look = () => this.#sweep?.now();
        const end = await bus.subscribe({ topic: "events" }, look);
        const endReset = bus.onReset(look);
        const stop = async () => {
          endReset();
          await end();
        };
        if (this.#run !== run) return void (await stop());
        this.#listening = stop;
        // What was told before the subscription stood.
        look();
        return;
      } catch {
        await backoff(clock, attempt);
      }
    }
  }

  /** Reads what came behind the tail. */
  async #read(): Promise<"done" | "failed"> {
    const run = this.#run;
    try {
      let tail = await this.#now();
      for (let more = true; more && this.#run === run; ) {
        const page = await this.#context.store.page({
          log: "events",
          after: tail.after,
          limit: maxEventPage,
        });
        if (this.#run !== run) break;
        const { items, cursor } = takePage(tail, page);
        if (items.length > 0) this.#take(items, cursor);
        more = page.events.length === maxEventPage;
        tail = cursor;
      }
      return "done";
    } catch (error) {
      this.#context.logger.debug({ error: String(error) }, "the events were not read");
      return "failed";
    }
  }

  #take(items: readonly EventItem[], cursor: Cursor): void {
    const went = this.#tail && compareEventIds(cursor.after, this.#tail.after) < 0 ? "back" : "on";
    this.#tail = cursor;
    if (went === "back") {
      // Ids come again: each subscriber finds by itself what it has lost.
      this.#recent = [];
      this.#base = cursor.after;
    } else this.#recent.push(...items);
    const over = this.#recent.length - keptInMemory;
    if (over > 0) this.#base = this.#recent.splice(0, over).at(-1)?.id as EventId;
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  /** Where the stream ends; begins to follow it from there. */
  async #now(): Promise<Cursor> {
    if (this.#tail) return this.#tail;
    const run = this.#run;
    const { last } = await this.#context.store.page({
      log: "events",
      after: firstEventId,
      limit: 0,
    });
    const cursor: Cursor = { after: last === "none" ? firstEventId : last, exact: true };
    if (this.#run !== run || this.#tail) return this.#tail ?? cursor;
    this.#tail = cursor;
    this.#base = cursor.after;
    return cursor;
  }

  async #next(cursor: Cursor): Promise<ReadOn> {
    const recent = this.#behind(cursor);
    if (recent) {
      const last = recent.at(-1);
      return { items: recent, cursor: last ? { after: last.id as EventId, exact: true } : cursor };
    }
    const page = await this.#context.store.page({
      log: "events",
      after: cursor.after,
      limit: maxEventPage,
    });
    return takePage(cursor, page);
  }

  /** Items in memory behind a cursor; `undefined` when it is not among them. */
  #behind({ after, exact }: Cursor): readonly EventItem[] | undefined {
    if (!exact || this.#base === undefined) return undefined;
    if (after === this.#tail?.after) return [];
    const at = after === this.#base ? 0 : this.#recent.findIndex(({ id }) => id === after) + 1;
    if (at === 0 && after !== this.#base) return undefined;
    return this.#recent.slice(at, at + maxEventPage);
  }
}
