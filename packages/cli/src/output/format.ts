/** The formats of `-o`, and how data is written in each. */
import type { JsonRecord } from "../json.ts";
import { plainText } from "./plain-text.ts";
import type { Paint } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

export const formats = ["table", "wide", "json", "jsonl", "yaml", "name"] as const;
export type Format = (typeof formats)[number];

export const isFormat = (text: string): text is Format =>
  (formats as readonly string[]).includes(text);

/** Whether a format is read by programs: errors are then JSON too. */
export const isJson = (format: Format): boolean => format === "json" || format === "jsonl";

/** What a command has to show. */
export interface Shown {
  /** As `json` and `yaml` print it: the answer itself. */
  readonly data: unknown;
  /** The things it is about, for `jsonl`, `name` and the table. */
  readonly items: readonly JsonRecord[];
  /** As `jsonl` prints a line each. @defaultValue `items` */
  readonly lines?: readonly unknown[];
  readonly columns: readonly Column[];
  /** @defaultValue the member `id` */
  name?(item: JsonRecord): string | undefined;
  /** What `--watch` compares to tell a change. @defaultValue the printed text */
  readonly version?: string;
  /** Printed by `table` and `wide` in place of the columns alone. */
  text?(table: string, wide: boolean): string;
}

export interface RenderOptions {
  readonly format: Format;
  readonly headers: boolean;
  readonly paint: Paint;
}

const idOf = (item: JsonRecord): string | undefined =>
  typeof item["id"] === "string" ? item["id"] : undefined;

/** Writes out what a command shows, in the format asked for. */
export const render = async (
  shown: Shown,
  { format, headers, paint }: RenderOptions,
): Promise<string> => {
  switch (format) {
    case "json":
      return `${JSON.stringify(shown.data, null, 2)}\n`;
    case "jsonl":
      return (shown.lines ?? shown.items).map((item) => `${JSON.stringify(item)}\n`).join("");
    case "yaml": {
      const { stringify } = await import("yaml");
      return stringify(shown.data, { lineWidth: 0 });
    }
    case "name": {
      const name = shown.name ?? idOf;
      return shown.items
        .map(name)
        .filter((text) => text !== undefined)
        .map((text) => `${plainText(text)}\n`)
        .join("");
    }
    case "table":
    case "wide": {
      const wide = format === "wide";
      const table = renderTable(shown.columns, shown.items, { wide, headers, paint });
      return shown.text ? shown.text(table, wide) : table;
    }
  }
};
