/** Dead letters as tables show them, and one letter in full. */
import { formatAge } from "../duration.ts";
import { type JsonRecord, numberAt, textAt } from "../json.ts";
import { plainText } from "./plain-text.ts";
import type { Column } from "./table.ts";

const maxErrorChars = 60;

const actor = (row: JsonRecord): string | undefined => {
  const kind = textAt(row, "kind");
  return kind === undefined ? textAt(row, "work") : `${kind}/${textAt(row, "actorId") ?? ""}`;
};

const shortError = (row: JsonRecord): string | undefined => {
  const error = textAt(row, "lastError")?.split("\n")[0];
  if (error === undefined || error.length <= maxErrorChars) return error;
  return `${error.slice(0, maxErrorChars - 1)}…`;
};

/** `asOf` is the instant the listing is true for: ages are counted up to it. */
export const deadLetterColumns = (asOf: string): readonly Column[] => [
  { head: "LETTER", cell: (row) => textAt(row, "id") },
  { head: "ACTOR", cell: actor },
  { head: "COMMAND", cell: (row) => textAt(row, "command") },
  { head: "WHY", cell: (row) => textAt(row, "reason") },
  { head: "TRIED", cell: (row) => numberAt(row, "attempts") },
  { head: "AGE", cell: (row) => formatAge(textAt(row, "createdAt"), asOf) },
  { head: "RESOLUTION", cell: (row) => textAt(row, "resolution") },
  { head: "BY", wide: true, cell: (row) => textAt(row, "resolvedBy") },
  { head: "WHAT", wide: true, cell: (row) => textAt(row, "work") },
  { head: "SENDER", wide: true, cell: (row) => textAt(row, "sender") },
  { head: "PRINCIPAL", wide: true, cell: (row) => textAt(row, "principal") },
  { head: "ERROR", wide: true, cell: shortError },
];

/** What a table has no room for. */
export const deadLetterText = (letter: JsonRecord, table: string): string => {
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["error", textAt(letter, "lastError")],
    ["first", textAt(letter, "firstAttemptAt")],
    ["last", textAt(letter, "lastAttemptAt")],
    ["resolved", textAt(letter, "resolvedReason")],
    ["payload", JSON.stringify(letter["payload"] ?? null)],
    ["replay", letter["replayable"] === true ? "possible" : "not possible"],
  ];
  const told = lines.flatMap(([label, text]) =>
    text === undefined ? [] : [`${label.padEnd(9)} ${plainText(text)}`],
  );
  return `${table}\n${told.join("\n")}\n`;
};
