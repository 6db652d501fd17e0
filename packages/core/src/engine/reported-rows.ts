/** The status rows that one other node has reported, decoded; those that cannot be are listed (I8). */
import type { Incarnation } from "../model/ids.ts";
import type { StatusRow } from "../view.ts";
import { sameBytes } from "./row-store.ts";
import { readStatusRow } from "./status-row.ts";

export interface EncodedStatus {
  readonly unit: string;
  readonly row: Uint8Array | "removed";
}

export class ReportedRows {
  /** Who wrote the rows. */
  incarnation: Incarnation | "none" = "none";
  readonly #rows = new Map<
    string,
    { readonly bytes: Uint8Array; readonly row: StatusRow<unknown> }
  >();
  readonly #unreadable = new Map<string, string>();

  get(unit: string): StatusRow<unknown> | undefined {
    return this.#rows.get(unit)?.row;
  }
  *rows(): IterableIterator<StatusRow<unknown>> {
    for (const { row } of this.#rows.values()) yield row;
  }
  /** Units whose row cannot be decoded, with the reason. */
  get unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable;
  }

  /** Takes changed rows and answers the units that changed. */
  apply(
    rows: readonly EncodedStatus[],
    onUnreadable: (unit: string, error: string) => void,
  ): readonly string[] {
    const changed: string[] = [];
    for (const { unit, row } of rows) {
      if (row === "removed") {
        if (this.#remove(unit)) changed.push(unit);
        continue;
      }
      const known = this.#rows.get(unit);
      if (known && sameBytes(known.bytes, row)) continue;
      // a copy, since what was received may be a window on a much larger reply
      const bytes = new Uint8Array(row);
      const read = readStatusRow(unit, bytes);
      if (read.kind === "row") {
        this.#unreadable.delete(unit);
        this.#rows.set(unit, { bytes, row: read.row });
        changed.push(unit);
        continue;
      }
      if (this.#unreadable.get(unit) !== read.error) onUnreadable(unit, read.error);
      // no earlier row stands in for it: what the node reports now is not known
      if (this.#remove(unit)) changed.push(unit);
      this.#unreadable.set(unit, read.error);
    }
    return changed;
  }

  /** Takes all rows and answers the units that changed. */
  replace(
    rows: readonly EncodedStatus[],
    onUnreadable: (unit: string, error: string) => void,
  ): readonly string[] {
    const gone = new Set([...this.#rows.keys(), ...this.#unreadable.keys()]);
    for (const { unit } of rows) gone.delete(unit);
    const removals = [...gone].map((unit) => ({ unit, row: "removed" as const }));
    return this.apply([...rows, ...removals], onUnreadable);
  }

  #remove(unit: string): boolean {
    this.#unreadable.delete(unit);
    return this.#rows.delete(unit);
  }
}
