/**
 * What an owner knows of its mailbox: how far it has read, which messages of which entries are
 * handled, and what the next commit may remove. An entry leaves the stream once all of its
 * messages are handled; until then a record of the handled ones is kept beside it (I2).
 */
import { decode, encode } from "../codec.ts";
import type { EntryId } from "../model/ids.ts";
import type { MailEntry } from "../ports/shard-store.ts";

export const firstEntry = "0-0" as EntryId;

/** Tells whether entry `a` stands behind `b` in its stream. */
export const isAfter = (a: EntryId, b: EntryId): boolean => {
  if (a === b) return false;
  const [aMs = "0", aN = "0"] = a.split("-");
  const [bMs = "0", bN = "0"] = b.split("-");
  return aMs === bMs ? Number(aN) > Number(bN) : Number(aMs) > Number(bMs);
};

/** One entry that has been read and not yet removed. */
export interface EntryTrack {
  readonly id: EntryId;
  total: number;
  /** Held in memory for its messages. */
  bytes: number;
  /** Messages left to another owner. */
  parked: number;
  readonly handled: Set<number>;
  /** Handled with a batch that is committed or being committed. */
  done: boolean;
}

export interface InboxCut {
  readonly handled: readonly EntryId[];
  readonly handledUpTo?: EntryId;
  readonly partial: readonly { readonly id: EntryId; readonly record: Uint8Array }[];
}

const decodeHandled = (record: Uint8Array | undefined): Set<number> => {
  const decoded = record && decode(record);
  return decoded?.kind === "decoded" && Array.isArray(decoded.value)
    ? new Set(decoded.value.filter((n): n is number => typeof n === "number"))
    : new Set();
};

export class Inbox {
  readonly #partial: Map<EntryId, Uint8Array>;
  #order: EntryTrack[] = [];
  #head = 0;
  #touched = new Set<EntryTrack>();
  #open = 0;
  #bytes = 0;
  lastRead: EntryId = firstEntry;

  constructor(partial: ReadonlyMap<EntryId, Uint8Array>) {
    this.#partial = new Map(partial);
  }

  /** Entries read whose messages are not all handled. */
  get open(): number {
    return this.#open;
  }

  /** Bytes of the entries of which messages wait in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest entry that is not handled was stored; epoch ms by the store's clock. */
  get oldestAt(): number | undefined {
    for (let at = this.#head; at < this.#order.length; at++) {
      const track = this.#order[at];
      if (track && track.handled.size < track.total) return Number(track.id.split("-")[0]);
    }
    return undefined;
  }

  /** Entries in memory, done or not. */
  get tracked(): number {
    return this.#order.length - this.#head;
  }

  /** Takes an entry in stream order; answers its track, with what a former owner had handled. */
  accept(entry: MailEntry, messageCount: number): EntryTrack {
    const track: EntryTrack = {
      id: entry.id,
      total: messageCount,
      bytes: entry.payloads.reduce((sum, payload) => sum + payload.byteLength, 0),
      parked: 0,
      handled: decodeHandled(this.#partial.get(entry.id)),
      done: false,
    };
    this.#partial.delete(entry.id);
    this.#order.push(track);
    this.#open += 1;
    this.#bytes += track.bytes;
    this.lastRead = entry.id;
    if (messageCount === 0) this.#touched.add(track);
    return track;
  }

  handle(track: EntryTrack, index: number): void {
    track.handled.add(index);
    this.#touched.add(track);
    if (track.parked > 0 && track.parked + track.handled.size >= track.total) this.#release(track);
  }

  /** Leaves a message to another owner: it stays in the mailbox, and out of memory. */
  park(track: EntryTrack): void {
    track.parked += 1;
    if (track.parked + track.handled.size >= track.total) this.#release(track);
  }

  #release(track: EntryTrack): void {
    this.#bytes -= track.bytes;
    track.bytes = 0;
  }

  /** What the batch being cut says about the mailbox; forgets what is finished by it. */
  cut(): InboxCut {
    if (this.#touched.size === 0) return { handled: [], partial: [] };
    const partial: { id: EntryId; record: Uint8Array }[] = [];
    const finished = new Set<EntryTrack>();
    for (const track of this.#touched) {
      if (track.handled.size >= track.total) {
        track.done = true;
        finished.add(track);
        this.#open -= 1;
        this.#release(track);
      } else partial.push({ id: track.id, record: encode([...track.handled]) });
    }
    this.#touched = new Set();
    let upTo: EntryId | undefined;
    while (this.#head < this.#order.length) {
      const track = this.#order[this.#head];
      if (!track?.done) break;
      upTo = track.id;
      // Trimming removes it: only what is finished behind an open entry is removed by name.
      finished.delete(track);
      this.#head += 1;
    }
    // Done ones may lie behind one that stays open for as long as this owner is.
    if (this.#order.length > 2 * this.#open + 2_048) {
      this.#order = this.#order.slice(this.#head).filter(({ done }) => !done);
      this.#head = 0;
    }
    const handled = [...finished].map(({ id }) => id);
    return { handled, partial, ...(upTo !== undefined && { handledUpTo: upTo }) };
  }
}
