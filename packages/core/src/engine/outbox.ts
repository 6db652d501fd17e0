/**
 * Sends the committed messages of one shard to others: numbered per (out id, target), one batch in
 * flight per target, removed by a fenced commit after the target has answered (I2, I4).
 */
import type { OutId, ShardId } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { AppendAnswer, AppendRequest, OutMessage } from "../ports/shard-store.ts";
import { backoff } from "./backoff.ts";

export interface OutboxContext {
  readonly shard: ShardId;
  readonly clock: Clock;
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** The target holds these: the next commit may remove them. */
  delivered(messages: readonly OutMessage[]): void;
  /**
   * Tells that a target may lack messages up to `number` that were delivered before: data was lost
   * there. Rejects when it could not be told.
   */
  gap(target: ShardId, outId: OutId, number: number): Promise<void>;
}

const maxBatch = 100;

/** Epoch under which a numbering was begun: the messages of older ones were committed before. */
const begunAt = (outId: OutId): number => Number.parseInt(outId, 10);

export class Outbox {
  readonly #context: OutboxContext;
  readonly #queues = new Map<ShardId, OutMessage[]>();
  readonly #busy = new Set<ShardId>();
  readonly #numbers: Map<ShardId, number>;
  readonly #outId: OutId;
  #stopped = false;

  constructor(
    context: OutboxContext,
    outId: OutId,
    numbers: ReadonlyMap<ShardId, number>,
    stored: readonly OutMessage[],
  ) {
    this.#context = context;
    this.#outId = outId;
    this.#numbers = new Map(numbers);
    this.#enqueue(stored.toSorted((a, b) => begunAt(a.outId) - begunAt(b.outId) || a.n - b.n));
  }

  /** Messages that have not been taken where they go. */
  get waiting(): number {
    let waiting = 0;
    for (const queue of this.#queues.values()) waiting += queue.length;
    return waiting;
  }

  /** Numbers a message; it is sent once the batch that holds it is committed. */
  number(target: ShardId, payload: Uint8Array): OutMessage {
    const n = (this.#numbers.get(target) ?? 0) + 1;
    this.#numbers.set(target, n);
    return { target, outId: this.#outId, n, payload };
  }

  /** Takes committed messages. */
  committed(messages: readonly OutMessage[]): void {
    this.#enqueue(messages);
    this.sendAll();
  }

  sendAll(): void {
    for (const target of this.#queues.keys()) void this.#send(target);
  }

  stop(): void {
    this.#stopped = true;
  }

  #enqueue(messages: readonly OutMessage[]): void {
    for (const message of messages) {
      const queue = this.#queues.get(message.target);
      if (queue) queue.push(message);
      else this.#queues.set(message.target, [message]);
    }
  }

  async #send(target: ShardId): Promise<void> {
    if (this.#busy.has(target)) return;
    this.#busy.add(target);
    let lostUpTo = 0;
    for (let attempt = 0; !this.#stopped; ) {
      const queue = this.#queues.get(target);
      const head = queue?.[0];
      if (!queue || !head) break;
      let count = 1;
      while (count < Math.min(maxBatch, queue.length) && queue[count]?.outId === head.outId) {
        count += 1;
      }
      const batch = queue.slice(0, count);
      const answer = await this.#append(target, batch, lostUpTo);
      if (this.#stopped) break;
      if (answer?.kind === "appended") {
        attempt = 0;
        lostUpTo = 0;
        const taken = batch.filter((m) => m.n <= answer.last);
        queue.splice(0, taken.length);
        this.#context.delivered(taken);
        if (taken.length > 0) continue;
      } else if (answer?.kind === "gap" && (await this.#tellGap(target, head))) {
        lostUpTo = head.n - 1;
        continue;
      }
      attempt += 1;
      await backoff(this.#context.clock, attempt + 1);
    }
    this.#busy.delete(target);
    if (this.#queues.get(target)?.length === 0) this.#queues.delete(target);
  }

  /** Only what was told as lost is gone on without. */
  async #tellGap(target: ShardId, head: OutMessage): Promise<boolean> {
    try {
      await this.#context.gap(target, head.outId, head.n - 1);
      return !this.#stopped;
    } catch {
      return false;
    }
  }

  async #append(
    target: ShardId,
    batch: readonly OutMessage[],
    lostUpTo: number,
  ): Promise<AppendAnswer | undefined> {
    const first = batch[0];
    if (!first) return undefined;
    try {
      return await this.#context.append({
        shard: target,
        source: {
          kind: "shard",
          shard: this.#context.shard,
          outId: first.outId,
          first: first.n,
          ...(lostUpTo > 0 && { lostUpTo }),
        },
        payloads: batch.map((message) => message.payload),
        count: batch.length,
      });
    } catch {
      return undefined;
    }
  }
}
