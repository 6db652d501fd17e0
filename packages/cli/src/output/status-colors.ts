/** Colours of the vocabulary: node states, desired and init statuses. */
import { type JsonRecord, textAt } from "../json.ts";
import type { Paint } from "./style.ts";

const good: ReadonlySet<string> = new Set(["up", "auto_enabled", "manually_enabled"]);
const quiet: ReadonlySet<string> = new Set([
  "unknown",
  "constructed",
  "initialized",
  "manually_disabled",
  "disabled",
  "left",
]);
const warn: ReadonlySet<string> = new Set(["joining", "draining", "suspect"]);

const paintWord = (word: string, text: string, paint: Paint): string => {
  if (good.has(word)) return paint.good(text);
  if (quiet.has(word)) return paint.dim(text);
  return warn.has(word) ? paint.warn(text) : paint.bad(text);
};

export const paintNodeState = (text: string, row: JsonRecord, paint: Paint): string =>
  paintWord(textAt(row, "state") ?? "", text, paint);

export const paintInitStatus = (text: string, row: JsonRecord, paint: Paint): string =>
  row["stale"] === true ? paint.dim(text) : paintWord(textAt(row, "initStatus") ?? "", text, paint);

/** Green for `true`, red for `false`. */
export const paintConverged = (text: string, row: JsonRecord, paint: Paint): string =>
  row["converged"] === true ? paint.good(text) : paint.bad(text);
