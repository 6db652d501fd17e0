/** Columns of text. Pure: rows in, lines out. */
import type { JsonRecord } from "../json.ts";
import { plainText } from "./plain-text.ts";
import type { Paint } from "./style.ts";

export interface Column {
  readonly head: string;
  /** Shown by `-o wide` only. */
  readonly wide?: boolean;
  /** Left out where no row has anything for it, unless `-o wide`. */
  readonly sparse?: boolean;
  /** The cell of a row; nothing is shown as `-`. */
  cell(row: JsonRecord): string | number | undefined;
  /** Colours a cell that was padded already. */
  paint?(text: string, row: JsonRecord, paint: Paint): string;
}

export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  readonly paint: Paint;
}

const gap = "  ";

const cellText = (value: string | number | undefined): string =>
  value === undefined || value === "" ? "-" : plainText(String(value));

/** Lays rows out; the last column is not padded. @returns lines, each ending in a line feed */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly JsonRecord[],
  { wide, headers, paint }: TableOptions,
): string => {
  const isShown = ({ sparse, cell, ...column }: Column): boolean =>
    wide || (!column.wide && (!sparse || rows.some((row) => cell(row) !== undefined)));
  const shown = columns.filter(isShown);
  const cells = rows.map((row) => shown.map((column) => cellText(column.cell(row))));
  const widths = shown.map(({ head }, at) =>
    Math.max(headers ? head.length : 0, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const last = shown.length - 1;
  const pad = (text: string, at: number): string =>
    at === last ? text : text.padEnd(widths[at] ?? 0);
  const lines = rows.map((row, index) =>
    shown
      .map((column, at) => {
        const padded = pad(cells[index]?.[at] ?? "", at);
        return column.paint ? column.paint(padded, row, paint) : padded;
      })
      .join(gap),
  );
  const head = shown.map((column, at) => paint.dim(pad(column.head, at))).join(gap);
  return [...(headers ? [head] : []), ...lines].map((line) => `${line}\n`).join("");
};
