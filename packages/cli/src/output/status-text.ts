/** The cluster's status for people: the verdict, then what is wrong, then counts. Pure. */
import { type JsonRecord, numberAt, recordAt, textAt } from "../json.ts";
import { plainText } from "./plain-text.ts";
import type { Paint } from "./style.ts";

const counted = (record: JsonRecord, names: readonly string[]): string =>
  names
    .map((name) => [numberAt(record, name) ?? 0, name] as const)
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}`)
    .join(", ");

const apps = (record: JsonRecord): string => {
  const total = numberAt(record, "total") ?? 0;
  const parts = counted(record, ["converged", "drifted", "terminal"]);
  return total === 0 ? "none" : `${total}: ${parts}`;
};

/** Left out while there is none. */
const alerts = (status: JsonRecord): readonly (readonly [string, string])[] => {
  const open = numberAt(status, "alerts") ?? 0;
  return open === 0 ? [] : [["alerts", `${open} open: muster alerts`]];
};

const redis = (record: JsonRecord): string => {
  const rttMs = numberAt(record, "rttMs");
  const words = ["mode", "role", "state"].map((name) => textAt(record, name) ?? "?");
  return [...words, ...(rttMs === undefined ? [] : [`${Math.round(rttMs * 10) / 10} ms`])].join(
    ", ",
  );
};

const painted = (verdict: string, paint: Paint): string => {
  const word = paint.bold(plainText(verdict));
  if (verdict === "healthy") return paint.good(word);
  return verdict === "degraded" ? paint.warn(word) : paint.bad(word);
};

/** Members with counts that some clusters have and that are left out while they are all zero. */
const optional: readonly (readonly [member: string, label: string, names: readonly string[]])[] = [
  ["runs", "runs", ["running", "queued", "failed"]],
  ["installations", "installations", ["pending", "stale"]],
  ["deadLetters", "dead letters", ["unresolved"]],
];

/** Lays the status out. */
export const statusText = (
  status: JsonRecord,
  { wide, paint }: { readonly wide: boolean; readonly paint: Paint },
): string => {
  const verdict = textAt(status, "verdict") ?? "unknown";
  const reasons = Array.isArray(status["reasons"]) ? status["reasons"].map(String) : [];
  const seen = [
    `cluster ${textAt(status, "cluster") ?? "?"}`,
    ...(textAt(status, "nodeId") === undefined ? [] : [`as ${textAt(status, "nodeId")} sees it`]),
    ...(status["stale"] === true ? [`as of ${textAt(status, "asOf") ?? "?"}`] : []),
  ].map(plainText);
  const shards = recordAt(status, "shards");
  const rows: (readonly [string, string])[] = [
    [
      "nodes",
      counted(recordAt(status, "nodes"), ["up", "joining", "draining", "suspect", "lost"]) ||
        "none",
    ],
    ["apps", apps(recordAt(status, "apps"))],
    ...alerts(status),
    ["shards", counted(shards, ["owned", "unowned"]) || "none"],
    ["redis", redis(recordAt(status, "redis"))],
  ];
  for (const [member, label, names] of optional) {
    const text = counted(recordAt(status, member), names);
    if (text !== "") rows.push([label, text]);
  }
  if (wide) rows.push(["as of", textAt(status, "asOf") ?? "?"]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const mark = verdict === "degraded" ? paint.warn("!") : paint.bad("✗");
  return [
    `${painted(verdict, paint)}  ${seen.join(", ")}`,
    ...reasons.map((reason) => `  ${mark} ${plainText(reason)}`),
    "",
    ...rows.map(([label, text]) => `${paint.dim(label.padEnd(width))}  ${plainText(text)}`),
    "",
  ].join("\n");
};

/** What has to differ for a watch to show the status again: all but measurements. */
export const statusVersion = (status: JsonRecord): string => {
  const { asOf: _, redis: server, ...rest } = status;
  const { rttMs: __, ...facts } = recordAt({ server }, "server");
  // Ages inside the sentences grow with every look.
  return JSON.stringify([rest, facts]).replaceAll(/\d+(\.\d+)? s\b/g, "");
};
