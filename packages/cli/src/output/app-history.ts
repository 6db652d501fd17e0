/** The history of an app: what was wanted, and what became of it. */
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import { changeInWords } from "./change-words.ts";
import type { Shown } from "./format.ts";
import type { Column } from "./table.ts";

const isChange = (item: JsonRecord): boolean => textAt(item, "kind") === "change";

const whoOf = (item: JsonRecord): string | undefined =>
  textAt(item, isChange(item) ? "by" : "nodeId");

const whatOf = (item: JsonRecord): string | undefined => {
  if (isChange(item)) return changeInWords(textAt(item, "change") ?? "changed", item);
  const count = numberAt(item, "count") ?? 1;
  return `${textAt(item, "initStatus")}${count > 1 ? ` (${count}×, last ${textAt(item, "lastAt")})` : ""}`;
};

const whyOf = (item: JsonRecord): string | undefined =>
  isChange(item) ? textAt(item, "reason") : textAt(recordAt(item, "reason"), "message");

const columns: readonly Column[] = [
  { head: "AT", cell: (item) => textAt(item, "at") },
  { head: "GENERATION", cell: (item) => numberAt(item, "generation") },
  { head: "VERSION", wide: true, cell: (item) => textAt(item, "version") },
  { head: "WHO", cell: whoOf },
  { head: "WHAT", cell: whatOf },
  { head: "WHY", cell: whyOf },
];

export const shownAppHistory = (answer: JsonRecord): Shown => {
  const window = recordAt(answer, "window");
  const covers = `(covers ${textAt(window, "from")} to ${textAt(window, "to")})\n`;
  return {
    data: answer,
    items: recordsAt(answer, "items"),
    columns,
    text: (table) => table + covers,
  };
};
