/**
 * The mailbox of one shard: entries in order of ids that only grow. Adding, removing and finding
 * a place cost no more than the entries they touch (and a binary search).
 */
import type { EntryId } from "../model/ids.ts";
import type { MailEntry } from "../ports/shard-store.ts";

interface Slot {
  readonly ms: number;
  readonly n: number;
  /** Absent once the entry was removed. */
  entry: MailEntry | undefined;
}

const parse = (id: EntryId): { readonly ms: number; readonly n: number } => {
  const dash = id.indexOf("-");
  return { ms: Number(id.slice(0, dash)), n: Number(id.slice(dash + 1)) };
};

export class MailStream {
  #slots: Slot[];
  /** Index of the first slot that may hold an entry. */
  #head = 0;
  #lastMs: number;
  #lastN: number;

  private constructor(slots: Slot[], lastMs: number, lastN: number) {
    this.#slots = slots;
    this.#lastMs = lastMs;
    this.#lastN = lastN;
  }

  static empty(): MailStream {
    return new MailStream([], 0, 0);
  }

  /** A copy that shares the entries, which never change. */
  clone(): MailStream {
    const slots = this.#slots.slice(this.#head).map((slot) => ({ ...slot }));
    return new MailStream(slots, this.#lastMs, this.#lastN);
  }

  /** Id of the newest entry ever added, also when it is gone; `0-0` before the first. */
  get lastId(): EntryId {
    return `${this.#lastMs}-${this.#lastN}` as EntryId;
  }

  /** Entries that are there. */
  get size(): number {
    return this.#slots.filter(({ entry }) => entry !== undefined).length;
  }

  get isEmpty(): boolean {
    return this.#head === this.#slots.length;
  }

  /** Adds an entry; its id is above all earlier ones, also when time went back. */
  add(now: number, payloads: readonly Uint8Array[]): MailEntry {
    if (now > this.#lastMs) {
      this.#lastMs = now;
      this.#lastN = 0;
    } else {
      this.#lastN += 1;
    }
    const entry: MailEntry = { id: this.lastId, payloads };
    this.#slots.push({ ms: this.#lastMs, n: this.#lastN, entry });
    return entry;
  }

  remove(id: EntryId): void {
    const at = this.#after(id) - 1;
    const slot = this.#slots[at];
    if (at >= this.#head && slot?.entry?.id === id) slot.entry = undefined;
    this.#trim();
  }

  /** Removes everything up to and including `id`; calls `removed` for each entry that was there. */
  removeUpTo(id: EntryId, removed: (id: EntryId) => void): void {
    const end = this.#after(id);
    for (; this.#head < end; this.#head++) {
      const slot = this.#slots[this.#head];
      if (slot?.entry) {
        removed(slot.entry.id);
        slot.entry = undefined;
      }
    }
    this.#trim();
  }

  /** Reads at most `limit` entries after `id`. */
  read(
    id: EntryId,
    limit: number,
  ): { readonly entries: readonly MailEntry[]; readonly more: boolean } {
    const entries: MailEntry[] = [];
    for (let at = Math.max(this.#after(id), this.#head); at < this.#slots.length; at++) {
      const entry = this.#slots[at]?.entry;
      if (!entry) continue;
      if (entries.length === limit) return { entries, more: true };
      entries.push(entry);
    }
    return { entries, more: false };
  }

  /** Index of the first slot above `id`. */
  #after(id: EntryId): number {
    const { ms, n } = parse(id);
    let low = this.#head;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slot = this.#slots[middle] as Slot;
      if (slot.ms < ms || (slot.ms === ms && slot.n <= n)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Passes over removed slots at the front, and lets go of them once they are the larger part. */
  #trim(): void {
    while (this.#head < this.#slots.length && !this.#slots[this.#head]?.entry) this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
  }
}
