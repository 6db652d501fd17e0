/** What the panel of an app says of a node and of what differs. Pure. */
import type { AppExplanation, AppRow } from "@muster/core";
import { ago, ahead, plural, since, words } from "../words.ts";

const partWords: Readonly<Record<string, string>> = {
  version: "version",
  packageDigest: "build",
  settingsHash: "settings",
  runtime: "runtime",
  initStatus: "init status",
  observedGeneration: "generation acted on",
};

/** Longer ones are hashes: their beginning tells them apart. */
export const partText = (part: string, value: string | number | null): string => {
  if (value === null) return "none";
  const text = String(value);
  if (part === "initStatus") return words(text);
  return part === "packageDigest" || part === "settingsHash" ? text.slice(0, 12) : text;
};

/** `build: 1a2b on web-1, web-3; 9f00 on web-2`. */
export const differenceText = ({ field, values }: AppExplanation["differences"][number]): string =>
  `${partWords[field] ?? field}: ${values
    .map(({ value, nodes }) => `${partText(field, value)} on ${nodes.join(", ")}`)
    .join("; ")}`;

/** The parts in which a row is unlike most others. */
export const oddPartsOf = (
  row: AppRow,
  differences: AppExplanation["differences"],
): ReadonlySet<string> =>
  new Set(
    differences
      .filter(({ values }) => {
        const [most] = [...values].sort((a, b) => b.nodes.length - a.nodes.length);
        return most !== undefined && !most.nodes.includes(row.nodeId);
      })
      .map(({ field }) => field),
  );

export const generationText = ({ observedGeneration, generation }: AppRow): string => {
  if (observedGeneration === null) return `none of ${generation}`;
  return observedGeneration === generation
    ? String(generation)
    : `${observedGeneration} of ${generation}`;
};

export const reasonText = ({ reason, lastError, converged }: AppRow): string => {
  if (reason) {
    const more = lastError !== null && !reason.message.includes(lastError) ? ` ${lastError}` : "";
    return `${reason.message} (${reason.code})${more}`;
  }
  return lastError ?? (converged ? "as wanted" : "on its way");
};

/** When it is tried again, counting down. */
export const attemptText = (row: AppRow, now: number): string => {
  const passed = since(row.nextAttemptAt, now);
  const attempts = row.attempts > 0 ? `after ${plural(row.attempts, "attempt")}` : "";
  if (passed !== undefined) return `${ahead(-passed)} ${attempts}`.trim();
  return row.converged ? "" : `none is planned ${attempts}`.trim();
};

export const intentText = ({ intent }: AppExplanation, now: number): string =>
  `${intent.by}, ${ago(since(intent.at, now) ?? 0)}: ${intent.reason}`;
