/**
 * Timers of one shard in memory, whose only writer is the owner; one clock timer for the earliest.
 * A due timer becomes a command; its removal and its consequence are one commit (I12).
 */
import type { ActorKey, RedisMs } from "../model/ids.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Timer } from "../ports/shard-store.ts";
import { decodeTimer, type TimerRecord } from "./wire.ts";

export interface LiveTimer extends TimerRecord {
  readonly key: string;
  readonly member: Uint8Array;
  readonly dueAt: RedisMs;
}

export const timerKey = (actor: ActorKey, name: string): string => `${actor}\u0000${name}`;

/** Longest single wait; later timers are looked at again. */
const maxWaitMs = 3_600_000;

export class TimerSet {
  readonly #clock: Clock;
  readonly #now: () => RedisMs;
  readonly #due: (timer: LiveTimer) => void;
  readonly #byKey = new Map<string, LiveTimer>();
  #heap: LiveTimer[] = [];
  #cancel: Cancel | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock, now: () => RedisMs, due: (timer: LiveTimer) => void) {
    this.#clock = clock;
    this.#now = now;
    this.#due = due;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): LiveTimer | undefined {
    return this.#byKey.get(key);
  }

  /** Loads what is stored; answers members that cannot be understood. */
  load(timers: readonly Timer[]): readonly Uint8Array[] {
    const unreadable: Uint8Array[] = [];
    for (const { member, dueAt } of timers) {
      const record = decodeTimer(member);
      if (record) {
        this.#put({ ...record, key: timerKey(record.actor, record.name), member, dueAt });
      } else unreadable.push(member);
    }
    return unreadable;
  }

  set(timer: LiveTimer): void {
    this.#put(timer);
    this.arm();
  }

  remove(key: string): LiveTimer | undefined {
    const timer = this.#byKey.get(key);
    this.#byKey.delete(key);
    return timer;
  }

  /** Hands out everything that is due and sets the clock for what comes next. */
  arm(): void {
    if (this.#stopped) return;
    const now = this.#now();
    for (let next = this.#heap[0]; next && next.dueAt <= now; next = this.#heap[0]) {
      this.#pop();
      if (this.#byKey.get(next.key) === next) this.#due(next);
    }
    const next = this.#heap[0];
    if (!next) return;
    if (next.dueAt >= this.#armedFor && this.#cancel) return;
    this.#cancel?.();
    this.#armedFor = next.dueAt;
    this.#cancel = this.#clock.after(Math.min(maxWaitMs, next.dueAt - now), () => {
      this.#cancel = undefined;
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.arm();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #put(timer: LiveTimer): void {
    this.#byKey.set(timer.key, timer);
    const heap = this.#heap;
    heap.push(timer);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      const here = heap[i];
      if (!above || !here || above.dueAt <= here.dueAt) break;
      heap[parent] = here;
      heap[i] = above;
      i = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = heap[2 * i + 1];
      const right = heap[2 * i + 2];
      const child = right && left && right.dueAt < left.dueAt ? 2 * i + 2 : 2 * i + 1;
      const below = heap[child];
      const here = heap[i];
      if (!below || !here || here.dueAt <= below.dueAt) break;
      heap[i] = below;
      heap[child] = here;
      i = child;
    }
  }
}
