/** The asks of one shard that wait for a later turn: found by id, by key, and by when they end (I7). */
import { MinHeap } from "../min-heap.ts";
import type { ActorKey, RedisMs } from "../model/ids.ts";
import { type DeferralRecord, expiryOf } from "./deferral-record.ts";

interface Ending {
  readonly id: string;
  readonly at: RedisMs;
}

const newEnds = () => new MinHeap<Ending>((left, right) => left.at < right.at);

/** What a deferral counts against the bound of its actor. */
const weightOf = ({ waiters }: DeferralRecord): number => Math.max(1, waiters.length);

export class DeferralTable {
  readonly #records = new Map<string, DeferralRecord>();
  readonly #byKey = new Map<string, string>();
  readonly #perActor = new Map<ActorKey, number>();
  /** May hold ends that were put off since; they are looked at again when they come up. */
  #ends = newEnds();
  #weight = 0;

  /** Askers that wait, and keys that are held. */
  get weight(): number {
    return this.#weight;
  }
  /** Deferrals that hold an idempotency key. */
  get keyed(): number {
    return this.#byKey.size;
  }
  get size(): number {
    return this.#records.size;
  }

  weightOf(actor: ActorKey): number {
    return this.#perActor.get(actor) ?? 0;
  }

  get(id: string): DeferralRecord | undefined {
    return this.#records.get(id);
  }

  /** Id of the deferral that holds an idempotency key. */
  holderOf(replyKey: string): string | undefined {
    return this.#byKey.get(replyKey);
  }

  /** Puts a deferral in, or in place of what it was. */
  put(id: string, record: DeferralRecord): void {
    const former = this.#records.get(id);
    this.#weigh(record.actor, weightOf(record) - (former ? weightOf(former) : 0));
    this.#records.set(id, record);
    if (record.key) this.#byKey.set(record.key.replyKey, id);
    if (!former) this.#ends.add({ id, at: expiryOf(record) });
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.delete(id);
    if (record.key) this.#byKey.delete(record.key.replyKey);
    this.#weigh(record.actor, -weightOf(record));
    if (this.#ends.size > 2 * this.#records.size + 1_024) this.#forgetEnds();
  }

  /** When the first may end; `undefined` when there is none. */
  get firstEnd(): RedisMs | undefined {
    return this.#ends.first?.at;
  }

  /** Removes those that nobody can want any more, and answers their ids. */
  takeExpired(now: RedisMs): string[] {
    const expired: string[] = [];
    for (let next = this.#ends.first; next && next.at < now; next = this.#ends.first) {
      this.#ends.take();
      const record = this.#records.get(next.id);
      if (!record) continue;
      const at = expiryOf(record);
      if (at >= now) {
        this.#ends.add({ id: next.id, at });
        continue;
      }
      this.remove(next.id);
      expired.push(next.id);
    }
    return expired;
  }

  /** Answered long before they would have ended: what is left of them goes. */
  #forgetEnds(): void {
    this.#ends = newEnds();
    for (const [id, record] of this.#records) this.#ends.add({ id, at: expiryOf(record) });
  }

  #weigh(actor: ActorKey, change: number): void {
    this.#weight += change;
    const weight = this.weightOf(actor) + change;
    if (weight > 0) this.#perActor.set(actor, weight);
    else this.#perActor.delete(actor);
  }
}
