import { usageError } from "../cli-error.ts";
import type { Query } from "../client/client.ts";
import { parseDuration } from "../duration.ts";
import { type JsonRecord, recordAt, recordsAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import type { Shown } from "../output/format.ts";
import type { Column } from "../output/table.ts";
import { runFollow } from "../run-follow.ts";
import { runRead } from "../run-read.ts";

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly types?: string;
  readonly subject?: string;
  readonly limit?: string;
}

const isGap = (row: JsonRecord): boolean => textAt(row, "type") === "gap";

/** What changed, where it can be said in a word. */
const changeOf = (row: JsonRecord): string | undefined => {
  if (isGap(row)) return `events up to ${textAt(row, "to")} are no longer kept, or were lost`;
  const reason = textAt(row, "reason");
  const next = recordAt(recordAt(row, "data"), "next");
  const status = textAt(next, "desiredStatus");
  return [status && `→ ${status}`, reason].filter(Boolean).join(": ") || undefined;
};

/** Rows that come one by one have nothing to line up with, but for these widths. */
const widths = { type: 24, subject: 20, by: 12 };
const columns = (aligned: boolean): readonly Column[] => {
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
const placeOf = (flag: string, text: string | undefined): string | undefined => {
  if (text === undefined || /^\d+-\d+$/.test(text) || /^\d{4}-\d\d-/.test(text)) return text;
  return new Date(Date.now() - parseDuration(flag, text)).toISOString();
};

const shownHistory = (answer: JsonRecord): Shown => {
  const window = recordAt(answer, "window");
  const covers = `(covers ${textAt(window, "from")} to ${textAt(window, "to")})\n`;
  const items = recordsAt(answer, "items");
  const version = items.map((item) => textAt(item, "id")).join();
  return {
    data: answer,
    items,
    columns: columns(false),
    version,
    text: (table) => table + covers,
  };
};

/** `muster events` */
export const registerEvents: Register = (noun, cli) => {
  noun
    .option("-f, --follow", "go on with what happens, until interrupted")
    .option("--since <when>", "begin there: 10m ago, an instant, or behind the id of an event")
    .option("--until <when>", "end there: 5m ago, an instant, or before the id of an event")
    .option("--types <types>", "only these, with commas between; app.* takes all that begin so")
    .option("--subject <subject>", "only about this, such as app/crm-sync")
    .option("--limit <n>", "the newest n, up to 500 (100 unless given)")
    .action(async (options: Options) => {
      const given = cli();
      const { types, subject, limit, until } = options;
      const since = placeOf("--since", options.since);
      const filter: Query = { since, types, subject };
      if (options.follow || given.flags.watch) {
        if (until !== undefined || limit !== undefined) {
          throw usageError("--until and --limit have no meaning with --follow");
        }
        await runFollow(given, {
          path: "/v1/events",
          query: filter,
          show: (item) => ({ data: item, items: [item], columns: columns(true) }),
        });
      }
      await runRead(given, async (client) =>
        shownHistory(
          await client.get("/v1/events", { ...filter, until: placeOf("--until", until), limit }),
        ),
      );
    });
};
