/**
 * The rows of one view in memory: decoding, comparing, and which rows vanished and why. What cannot
 * be decoded is listed, never lost silently, and disturbs no other row (I8).
 */
import type { z } from "zod";
import { decode } from "../codec.ts";
import { deepFreeze } from "../freeze.ts";
import type { ShardId } from "../model/ids.ts";

/** A row whose bytes make no sense to this version of the program. */
export interface UnreadableRow {
  readonly id: string;
  readonly shard: ShardId;
  readonly error: string;
}

interface Stored<Row> {
  readonly shard: ShardId;
  readonly bytes: Uint8Array;
  readonly row: Row;
}
interface Unreadable extends UnreadableRow {
  readonly bytes: Uint8Array;
}
/** Ids whose row, or absence, is not what it was. */
export interface RowChanges {
  readonly changed: readonly string[];
  readonly unreadable: readonly UnreadableRow[];
}
export interface EncodedRow {
  readonly id: string;
  readonly row: Uint8Array | "removed";
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a === b) return true;
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
};

export class RowStore<Row> {
  readonly #schema: z.ZodType<Row> | undefined;
  readonly #freezes: boolean;
  readonly #rows = new Map<string, Stored<Row>>();
  readonly #ids = new Map<ShardId, Set<string>>();
  readonly #unreadable = new Map<string, Unreadable>();
  readonly #lost = new Map<string, Row>();

  constructor(schema: z.ZodType<Row> | undefined, freezes: boolean) {
    this.#schema = schema;
    this.#freezes = freezes;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)?.row;
  }

  shardOf(id: string): ShardId | undefined {
    return this.#rows.get(id)?.shard;
  }

  *entries(): IterableIterator<[id: string, row: Row]> {
    for (const [id, { row }] of this.#rows) yield [id, row];
  }

  unreadable(): readonly UnreadableRow[] {
    return [...this.#unreadable.values()].map(({ id, shard, error }) => ({ id, shard, error }));
  }

  isUnreadable(id: string): boolean {
    return this.#unreadable.has(id);
  }

  get lost(): ReadonlyMap<string, Row> {
    return this.#lost;
  }

  /** Ends the memory of a lost row; `false` when there was none. */
  forgetLost(id: string): boolean {
    return this.#lost.delete(id);
  }

  /** Takes changed rows of a shard. */
  apply(shard: ShardId, rows: readonly EncodedRow[]): RowChanges {
    const changed: string[] = [];
    const unreadable: UnreadableRow[] = [];
    for (const { id, row } of rows) {
      const outcome = row === "removed" ? this.#remove(shard, id) : this.#put(shard, id, row);
      if (outcome === "changed") changed.push(id);
      else if (outcome !== "same") unreadable.push(outcome);
    }
    return { changed, unreadable };
  }

  /** Takes all rows of a shard. With `loss`, rows that vanished are remembered as lost. */
  replace(
    shard: ShardId,
    rows: readonly { readonly id: string; readonly row: Uint8Array }[],
    loss: boolean,
  ): RowChanges {
    const gone = new Set(this.#ids.get(shard));
    for (const { id } of rows) gone.delete(id);
    const { changed, unreadable } = this.apply(shard, rows);
    const vanished: string[] = [];
    for (const id of gone) {
      const stored = this.#rows.get(id);
      if (stored?.shard === shard && loss) this.#lost.set(id, stored.row);
      if (this.#drop(shard, id)) vanished.push(id);
    }
    return { changed: [...changed, ...vanished], unreadable };
  }

  #put(shard: ShardId, id: string, received: Uint8Array): "changed" | "same" | UnreadableRow {
    const stored = this.#rows.get(id);
    const known = this.#unreadable.get(id);
    if (known && sameBytes(known.bytes, received)) return "same";
    if (!known && stored?.shard === shard && sameBytes(stored.bytes, received)) return "same";
    // a copy, since what was received may be a window on a much larger reply
    const bytes = new Uint8Array(received);
    const read = this.#read(bytes);
    this.#idsOf(shard).add(id);
    if (read.kind === "unreadable") {
      // the last row that could be read stays: an unknown row is not a removed one
      const unreadable = { id, shard, error: read.error, bytes };
      this.#unreadable.set(id, unreadable);
      return { id, shard, error: read.error };
    }
    this.#unreadable.delete(id);
    this.#lost.delete(id);
    // Rows are given to all readers of this process by reference.
    if (this.#freezes) deepFreeze(read.row);
    this.#rows.set(id, { shard, bytes, row: read.row });
    return "changed";
  }

  #remove(shard: ShardId, id: string): "changed" | "same" {
    const wasLost = this.#lost.delete(id);
    return this.#drop(shard, id) || wasLost ? "changed" : "same";
  }

  #drop(shard: ShardId, id: string): boolean {
    this.#ids.get(shard)?.delete(id);
    if (this.#unreadable.get(id)?.shard === shard) this.#unreadable.delete(id);
    if (this.#rows.get(id)?.shard !== shard) return false;
    return this.#rows.delete(id);
  }

  #idsOf(shard: ShardId): Set<string> {
    const known = this.#ids.get(shard);
    if (known) return known;
    const made = new Set<string>();
    this.#ids.set(shard, made);
    return made;
  }

  #read(
    bytes: Uint8Array,
  ):
    | { readonly kind: "row"; readonly row: Row }
    | { readonly kind: "unreadable"; readonly error: string } {
    const decoded = decode(bytes);
    if (decoded.kind === "corrupt") return { kind: "unreadable", error: decoded.error };
    if (!this.#schema) return { kind: "row", row: decoded.value as Row };
    const parsed = this.#schema.safeParse(decoded.value);
    if (parsed.success) return { kind: "row", row: parsed.data };
    const issue = parsed.error.issues[0];
    return {
      kind: "unreadable",
      error: issue ? `${issue.path.join(".") || "row"}: ${issue.message}` : parsed.error.message,
    };
  }
}
