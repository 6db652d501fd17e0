/**
 * Promises given to callers. Each settles by its deadline (I5): deadlines are kept in buckets of a
 * few milliseconds, rounded down, so that a hundred thousand open asks cost one timer a bucket.
 */
import type { Clock } from "../ports/clock.ts";
import type { Outcome } from "./wire.ts";

/** How an ask ended for its caller. */
export type AskEnd =
  | { readonly kind: "answered"; readonly outcome: Outcome }
  /** The deadline passed. */
  | { readonly kind: "expired"; readonly known: "not-applied" | "unknown" }
  /** It could not be carried out, or its fate cannot be learnt. */
  | {
      readonly kind: "failed";
      readonly code:
        | "BACKEND_UNAVAILABLE"
        | "OUTCOME_UNKNOWN"
        | "MAILBOX_FULL"
        | "DEAD_LETTERS_FULL"
        | "KIND_UNKNOWN"
        | "STOPPED"
        | "VALIDATION";
      readonly known: "not-applied" | "unknown";
      readonly message: string;
    };

/** Who waits for an ask to end. */
export interface OpenAsk {
  /** Rather ends than waits for a backend that is away. */
  readonly failFast: boolean;
  /** False while the command cannot have been seen by anyone else. */
  sent: boolean;
  settle(end: AskEnd): void;
}

/** Asks of neighbouring numbers, the last included. */
interface Range {
  readonly first: number;
  last: number;
}

const bucketMs = 8;

export class AskTable {
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #pending = new Map<number, OpenAsk>();
  readonly #buckets = new Map<number, Range[]>();
  #lastId = 0;
  #emptied: (() => void) | undefined;

  /** `monotonic` may lag by one turn of the event loop. */
  constructor(clock: Clock, monotonic: () => number) {
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Registers an ask that must end within `timeoutMs`; answers its number. */
  open(timeoutMs: number, ask: OpenAsk): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#pending.set(id, ask);
    const bucket = Math.floor((this.#monotonic() + timeoutMs) / bucketMs);
    const ranges = this.#buckets.get(bucket);
    if (!ranges) {
      this.#buckets.set(bucket, [{ first: id, last: id }]);
      const delay = Math.max(0, bucket * bucketMs - this.#clock.monotonic());
      this.#clock.after(delay, () => this.#expire(bucket));
      return id;
    }
    // Asks of one time-out follow each other: one range holds thousands of them.
    const range = ranges.at(-1);
    if (range?.last === id - 1) range.last = id;
    else ranges.push({ first: id, last: id });
    return id;
  }

  /** Marks that the command has left this process: from now on a time-out is `unknown`. */
  markSent(id: number): void {
    const ask = this.#pending.get(id);
    if (ask) ask.sent = true;
  }

  /** The command came back unseen: a time-out is `not-applied` again. */
  markUnsent(id: number): void {
    const ask = this.#pending.get(id);
    if (ask) ask.sent = false;
  }

  settle(id: number, end: AskEnd): void {
    const ask = this.#pending.get(id);
    if (!ask) return;
    this.#pending.delete(id);
    ask.settle(end);
    if (this.#pending.size === 0) this.#emptied?.();
  }

  /** Resolves once no ask is open, or after `timeoutMs`. */
  whenEmpty(timeoutMs: number): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, resolve);
      this.#emptied = () => {
        cancel();
        resolve();
      };
    });
  }

  isOpen(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Ends the asks that do not want to wait for a backend that is away. */
  failFast(): void {
    for (const id of [...this.#pending.keys()])
      this.giveUp(id, "the backend went away before it answered");
  }

  /** Ends one ask, if it would rather end than wait for the backend. */
  giveUp(id: number, message: string): void {
    const ask = this.#pending.get(id);
    if (!ask?.failFast) return;
    const known = ask.sent ? "unknown" : "not-applied";
    this.settle(id, { kind: "failed", code: "BACKEND_UNAVAILABLE", known, message });
  }

  settleAll(end: (sent: boolean) => AskEnd): void {
    for (const [id, ask] of [...this.#pending]) this.settle(id, end(ask.sent));
  }

  #expire(bucket: number): void {
    const ranges = this.#buckets.get(bucket) ?? [];
    this.#buckets.delete(bucket);
    for (const { first, last } of ranges) {
      for (let id = first; id <= last; id++) {
        const ask = this.#pending.get(id);
        if (ask) this.settle(id, { kind: "expired", known: ask.sent ? "unknown" : "not-applied" });
      }
    }
  }
}
