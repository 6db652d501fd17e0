/** What is told of a cell when it is pointed at or focused: pairs of words. Pure. */
import type { AppRow, AppSummary } from "@muster/core";
import { ago, ahead, plural, since, words } from "./words.ts";

export interface Details {
  readonly title: string;
  readonly facts: readonly (readonly [label: string, text: string])[];
}

const pairs = (
  all: readonly (readonly [string, string | undefined])[],
): readonly (readonly [string, string])[] =>
  all.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);

const when = (instant: string | null, now: number): string | undefined => {
  const passed = since(instant, now);
  return passed === undefined ? undefined : ago(passed);
};

const attempt = (row: AppRow, now: number): string | undefined => {
  const passed = since(row.nextAttemptAt, now);
  if (passed !== undefined) return ahead(-passed);
  return row.converged ? undefined : "none is planned";
};

/** A message that is the last error word for word is told there only. */
const reasonOf = ({ reason, lastError }: AppRow): string | undefined => {
  if (!reason) return undefined;
  return reason.message === lastError ? reason.code : `${reason.message} (${reason.code})`;
};

const agreement = (row: AppRow): string => {
  if (row.converged) return "yes";
  if (row.observedGeneration === null) return "no: it has not acted on any generation yet";
  if (row.observedIntentId === row.intentId) {
    return `no: it has acted on generation ${row.generation}, and this is what came of it`;
  }
  return `no: it has acted on generation ${row.observedGeneration} of ${row.generation}`;
};

/** One app on one node. */
export const detailsOfRow = (row: AppRow, now: number): Details => ({
  title: `${row.appId} on ${row.nodeId}`,
  facts: pairs([
    ["Status", words(row.initStatus)],
    ["As wanted", agreement(row)],
    ["Reason", reasonOf(row)],
    ["Attempts", row.attempts > 0 ? String(row.attempts) : undefined],
    ["Next attempt", attempt(row, now)],
    ["Last error", row.lastError ?? undefined],
    ["Version", row.version ?? undefined],
    ["Build", row.packageDigest?.slice(0, 12)],
    ["Runtime", row.runtime ?? undefined],
    ["Since", when(row.since, now)],
    ["Reported", when(row.reportedAt, now)],
    [
      "Stale",
      row.stale ? `yes: the node is ${row.nodeState}, this is what it said last` : undefined,
    ],
  ]),
});

/** What is wanted of an app, by whom and why. */
export const detailsOfIntent = (app: AppSummary, now: number): Details => ({
  title: `${app.id} is to be ${app.desiredStatus}`,
  facts: pairs([
    ["Changed by", app.changedBy],
    ["Because", app.reason],
    ["When", when(app.changedAt, now)],
    ["Generation", String(app.generation)],
    ["Version", app.version],
    [
      "Nodes",
      app.converged ? "all have done it" : `${plural(app.drifted, "node has", "nodes have")} not`,
    ],
  ]),
});
