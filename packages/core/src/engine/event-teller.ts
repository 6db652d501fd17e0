/**
 * Tells events that belong to no actor's commit: what a node saw of itself. They go to the stream
 * directly, numbered by incarnation, so that a repeat adds nothing (I2) and order holds (I4). What a node
 * could not tell for long is dropped, oldest first; readers see a gap there.
 */
import type { ActorEvent } from "../define-actor.ts";
import type { ActorKey, Incarnation, NodeId, OutId } from "../model/ids.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { EventStore } from "../ports/event-store.ts";
import type { Logger } from "../ports/logger.ts";
import { encodeEvent } from "./event-record.ts";

export interface EventTellerContext {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly store: Pick<EventStore, "add">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keep: number;
  readonly keepAudited: number;
  /** Redis time. */
  now(): number;
  /** False while this node may not act for its incarnation. */
  mayTell(): boolean;
}

/** Events that wait for the store; the oldest leave when there are more. */
const mostWaiting = 1_000;
const mostAtOnce = 100;
/** What is told within this time goes together. */
const togetherMs = 10;
/** Shortest and longest pause before another attempt. */
const pauseMs = [100, 2_000] as const;

export class EventTeller {
  readonly #context: EventTellerContext;
  readonly #waiting: { readonly n: number; readonly payload: Uint8Array }[] = [];
  #told = 0;
  #isSending = false;
  #failures = 0;
  #lostUpTo = 0;
  #again: Cancel | undefined;
  #stopped = false;

  constructor(context: EventTellerContext) {
    this.#context = context;
  }

  /** Tells an event about an actor, `kind/id`, or about anything else that is named so. */
  tell(subject: string, event: ActorEvent): void {
    if (this.#stopped) return;
    this.#told += 1;
    const payload = encodeEvent(subject as ActorKey, event, this.#context.now(), undefined);
    this.#waiting.push({ n: this.#told, payload });
    this.#wake();
  }

  /** What waits stays untold. */
  stop(): void {
    this.#stopped = true;
    this.#again?.();
    this.#again = undefined;
  }

  /** Soon, so that what is told together goes together. */
  #wake(): void {
    const over = this.#waiting.length - mostWaiting;
    if (over > 0 && !this.#isSending) this.#waiting.splice(0, over);
    if (this.#again || this.#isSending || this.#stopped || this.#waiting.length === 0) return;
    const [least, most] = pauseMs;
    const delay =
      this.#failures === 0 ? togetherMs : Math.min(most, least * 2 ** (this.#failures - 1));
    this.#again = this.#context.clock.after(delay, () => {
      this.#again = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.slice(0, mostAtOnce);
    const first = batch[0];
    if (!first) return;
    this.#isSending = true;
    const taken = this.#context.mayTell() ? await this.#add(first.n, batch) : "later";
    this.#isSending = false;
    if (taken === "later") this.#failures += 1;
    else {
      this.#failures = 0;
      while ((this.#waiting[0]?.n ?? Number.POSITIVE_INFINITY) <= taken) this.#waiting.shift();
    }
    this.#wake();
  }

  async #add(
    first: number,
    batch: readonly { readonly payload: Uint8Array }[],
  ): Promise<number | "later"> {
    const { incarnation, keep, keepAudited, logger, nodeId, store } = this.#context;
    const numbering = incarnation as string as OutId;
    const lostUpTo = this.#lostUpTo;
    try {
      const answer = await store.add({
        source: {
          name: `node ${nodeId}`,
          numbering,
          first,
          ...(lostUpTo > 0 && { lostUpTo }),
        },
        payloads: batch.map(({ payload }) => payload),
        audited: [],
        keep,
        keepAudited,
      });
      if (answer.kind === "added") {
        this.#lostUpTo = 0;
        return answer.last;
      }
      // Dropped here while the store was away, or taken once and lost there.
      logger.warn({ from: answer.last + 1, to: first - 1 }, "events of this node are lost");
      this.#lostUpTo = first - 1;
      return "later";
    } catch (error) {
      logger.debug({ error: String(error) }, "events of this node wait for the backend");
      return "later";
    }
  }
}
