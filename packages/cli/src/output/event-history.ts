/** Events and entries of the audit as people read them. */
import { usageError } from "../cli-error.ts";
import { parseDuration } from "../duration.ts";
import { type JsonRecord, recordAt, recordsAt, textAt } from "../json.ts";
import { changeInWords } from "./change-words.ts";
import type { Shown } from "./format.ts";
import type { Column } from "./table.ts";

const isGap = (row: JsonRecord): boolean => textAt(row, "type") === "gap";

/** What changed, where it can be said in a word. */
const changeOf = (row: JsonRecord): string | undefined => {
  if (isGap(row)) return `events up to ${textAt(row, "to")} are no longer kept, or were lost`;
  const data = recordAt(row, "data");
  const next = recordAt(data, "next");
  const found = textAt(next, "initStatus");
  if (found) return `→ ${found} on ${textAt(data, "nodeId")}`;
  const change = textAt(data, "change");
  const what = change ? changeInWords(change, next) : textAt(data, "message");
  return [what, textAt(row, "reason")].filter(Boolean).join(": ") || undefined;
};

/** Rows that come one by one have nothing to line up with, but for these widths. */
const widths = { type: 24, subject: 20, by: 12 };
export const eventColumns = (aligned: boolean): readonly Column[] => {
  const cell = (text: string | undefined, width: number): string =>
    aligned ? (text ?? "-").padEnd(width) : (text ?? "-");
  const head = (text: string, width: number): string => (aligned ? text.padEnd(width) : text);
  return [
    { head: head("AT", 24), cell: (row) => textAt(row, isGap(row) ? "from" : "at") },
    { head: head("TYPE", widths.type), cell: (row) => cell(textAt(row, "type"), widths.type) },
    {
      head: head("SUBJECT", widths.subject),
      cell: (row) => cell(textAt(row, "subject"), widths.subject),
    },
    { head: head("BY", widths.by), cell: (row) => cell(textAt(row, "by"), widths.by) },
    { head: "ID", wide: true, cell: (row) => textAt(row, "id") },
    { head: "WHAT", cell: changeOf },
  ];
};

/** A duration counts back from now; an instant or an id is the node's to read. */
export const placeOf = (flag: string, text: string | undefined): string | undefined => {
  if (text === undefined || /^\d+-\d+$/.test(text) || /^\d{4}-\d\d-/.test(text)) return text;
  if (!/^\d/.test(text)) {
    throw usageError(
      `${flag} "${text}" is no time`,
      "Write a while back from now (10m), an instant (2026-05-01T18:00:00Z), or the id of an event.",
    );
  }
  return new Date(Date.now() - parseDuration(flag, text)).toISOString();
};

export const shownHistory = (answer: JsonRecord): Shown => {
  const window = recordAt(answer, "window");
  const covers = `(covers ${textAt(window, "from")} to ${textAt(window, "to")})\n`;
  const items = recordsAt(answer, "items");
  const version = items.map((item) => textAt(item, "id")).join();
  return {
    data: answer,
    items,
    columns: eventColumns(false),
    version,
    text: (table) => table + covers,
  };
};
