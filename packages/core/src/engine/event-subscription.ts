/**
 * One subscriber: takes items at its own pace, one after another, and asks for more when it has
 * done with them. A listener that answers a promise is waited for.
 */
import type { EventItem } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { backoff } from "./backoff.ts";
import type { ReadOn } from "./event-feed.ts";
import type { Cursor } from "./event-gaps.ts";

export interface EventSubscriptionContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly from: Cursor | "now";
  listener(item: EventItem): unknown;
  /** Where it begins is known. */
  began(after: EventId): void;
  /** The node has stopped. */
  ended(): void;
  next(cursor: Cursor): Promise<ReadOn>;
  now(): Promise<Cursor>;
}

export class EventSubscription {
  readonly #context: EventSubscriptionContext;
  #ended = false;
  #woken = false;
  #wake: (() => void) | undefined;

  constructor(context: EventSubscriptionContext) {
    this.#context = context;
  }

  begin(): void {
    void this.#run();
  }

  /** There may be more. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.wake();
  }

  stopped(): void {
    if (this.#ended) return;
    this.end();
    this.#guarded(() => this.#context.ended());
  }

  async #run(): Promise<void> {
    const { from } = this.#context;
    let cursor = from === "now" ? await this.#patiently(() => this.#context.now()) : from;
    const begin = cursor?.after;
    if (begin && !this.#ended) this.#guarded(() => this.#context.began(begin));
    while (cursor && !this.#ended) {
      this.#woken = false;
      const at = cursor;
      const read: ReadOn | undefined = await this.#patiently(() => this.#context.next(at));
      if (!read) return;
      for (const item of read.items) {
        if (this.#ended) return;
        await this.#guarded(() => this.#context.listener(item));
      }
      cursor = read.cursor;
      if (read.items.length === 0 && !this.#woken && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  /** Tries until it succeeds or the subscription ends. */
  async #patiently<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; !this.#ended; attempt++) {
      try {
        return await work();
      } catch {
        await backoff(this.#context.clock, attempt);
      }
    }
    return undefined;
  }

  /** Errors of a listener stay with it. */
  #guarded(call: () => unknown): unknown {
    const failed = (error: unknown) =>
      this.#context.logger.error({ listener: "events", error }, "a listener threw");
    try {
      const answer = call();
      return answer instanceof Promise ? answer.catch(failed) : undefined;
    } catch (error) {
      return failed(error);
    }
  }
}
