/** Replies kept for idempotency keys until they expire; finding the expired costs nothing else. */
import { MinHeap } from "../min-heap.ts";
import type { RedisMs } from "../model/ids.ts";

interface Kept {
  readonly key: string;
  readonly record: Uint8Array;
  readonly expiresAt: RedisMs;
}

const earlier = (left: Kept, right: Kept): boolean => left.expiresAt < right.expiresAt;

export class KeptReplies {
  readonly #byKey = new Map<string, Kept>();
  /** May hold records that were replaced since; they are passed over when they come up. */
  readonly #byExpiry = new MinHeap<Kept>(earlier);

  clone(): KeptReplies {
    const copy = new KeptReplies();
    for (const kept of this.#byKey.values()) copy.put(kept);
    return copy;
  }

  get size(): number {
    return this.#byKey.size;
  }

  put(kept: Kept): void {
    this.#byKey.set(kept.key, kept);
    this.#byExpiry.add(kept);
  }

  get(key: string, now: RedisMs): Uint8Array | "absent" {
    const kept = this.#byKey.get(key);
    return kept && kept.expiresAt > now ? kept.record : "absent";
  }

  /** Drops at most `limit` records that expired before `time`. */
  expire(time: RedisMs, limit: number): void {
    for (let dropped = 0; dropped < limit; ) {
      const first = this.#byExpiry.first;
      if (!first || first.expiresAt >= time) return;
      this.#byExpiry.take();
      if (this.#byKey.get(first.key) !== first) continue;
      this.#byKey.delete(first.key);
      dropped += 1;
    }
  }
}
