/** How apps and their rows are shown. */
import { formatAge } from "../duration.ts";
import { isRecord, type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import { plainText } from "./plain-text.ts";
import { paintConverged, paintInitStatus } from "./status-colors.ts";
import type { Paint } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

const agreement = (app: JsonRecord): string | undefined => {
  const drifted = numberAt(app, "drifted");
  if (app["converged"] === true) return "yes";
  return drifted === undefined ? undefined : `no: ${drifted} off`;
};

/** What is going on with an app, or held for a while: in every listing. */
const note = (app: JsonRecord): string | undefined => {
  const [rollout, paused, ack, uninstall] = ["rollout", "paused", "acknowledged", "uninstall"].map(
    (name) => recordAt(app, name),
  ) as [JsonRecord, JsonRecord, JsonRecord, JsonRecord];
  const notes: string[] = [];
  const phase = textAt(uninstall, "phase");
  if (phase !== undefined) {
    const nodes = recordsAt(uninstall, "waitingFor").map((node) => textAt(node, "nodeId"));
    notes.push(nodes.length > 0 ? `${phase}, waits for ${nodes.join(", ")}` : phase);
  }
  if (textAt(rollout, "phase") === "halted") {
    notes.push(`update halted by ${textAt(recordAt(rollout, "haltedBy"), "nodeId") ?? "?"}`);
  } else if (textAt(rollout, "phase") !== undefined) {
    const nodes = rollout["nodes"];
    const first = Array.isArray(nodes) ? nodes.join(", ") : "";
    notes.push(first === "" ? "update begins" : `update tried on ${first}`);
  }
  if (textAt(paused, "until") !== undefined) {
    const missed = paused["missed"] === true ? ", a change waits" : "";
    notes.push(`paused until ${textAt(paused, "until")} by ${textAt(paused, "owner")}${missed}`);
  }
  if (textAt(ack, "until") !== undefined) {
    notes.push(`drift acknowledged until ${textAt(ack, "until")} by ${textAt(ack, "owner")}`);
  }
  if (textAt(app, "management") === "observe") notes.push("observed only");
  return notes.length > 0 ? notes.join("; ") : undefined;
};

export const appColumns: readonly Column[] = [
  { head: "APP", cell: (app) => textAt(app, "id") },
  { head: "VERSION", cell: (app) => textAt(app, "version") },
  { head: "DESIRED", cell: (app) => textAt(app, "desiredStatus") },
  { head: "AGREED", cell: agreement, paint: paintConverged },
  { head: "GENERATION", cell: (app) => numberAt(app, "generation") },
  { head: "NOTE", sparse: true, cell: note },
  { head: "MANAGEMENT", wide: true, cell: (app) => textAt(app, "management") },
  { head: "CHANGED", wide: true, cell: (app) => textAt(app, "changedAt") },
  { head: "BY", wide: true, cell: (app) => textAt(app, "changedBy") },
  { head: "REASON", wide: true, cell: (app) => textAt(app, "reason") },
];

const now = (): string => new Date().toISOString();

const why = (row: JsonRecord): string | undefined => {
  const reason = recordAt(row, "reason");
  const code = textAt(reason, "code");
  if (code === undefined) return row["stale"] === true ? "stale" : undefined;
  return `${code}: ${textAt(reason, "message") ?? ""}${row["stale"] === true ? " (stale)" : ""}`;
};

export const rowColumns: readonly Column[] = [
  { head: "APP", cell: (row) => textAt(row, "appId") },
  { head: "NODE", cell: (row) => textAt(row, "nodeId") },
  { head: "DESIRED", cell: (row) => textAt(row, "desiredStatus") },
  { head: "STATUS", cell: (row) => textAt(row, "initStatus"), paint: paintInitStatus },
  {
    head: "AGREED",
    cell: (row) => (row["converged"] === true ? "yes" : "no"),
    paint: paintConverged,
  },
  { head: "SINCE", wide: true, cell: (row) => formatAge(textAt(row, "since"), now()) },
  { head: "GENERATION", wide: true, cell: (row) => numberAt(row, "observedGeneration") },
  { head: "VERSION", wide: true, cell: (row) => textAt(row, "version") },
  { head: "ATTEMPTS", wide: true, cell: (row) => numberAt(row, "attempts") },
  { head: "NEXT", wide: true, cell: (row) => formatAge(now(), textAt(row, "nextAttemptAt")) },
  { head: "NODE STATE", wide: true, cell: (row) => textAt(row, "nodeState") },
  { head: "WHY", cell: why },
];

export interface TextOptions {
  readonly wide: boolean;
  readonly paint: Paint;
  readonly flags: { readonly headers: boolean };
}

/** One app: its intent, who set it and why, then a row per node. */
export const appText = (
  app: JsonRecord,
  table: string,
  { wide, paint, flags }: TextOptions,
): string => {
  const set = `set by ${textAt(app, "changedBy") ?? "?"} at ${textAt(app, "changedAt") ?? "?"}: ${textAt(app, "reason") ?? "?"}`;
  const rows = recordsAt(app, "nodes");
  const columns = rowColumns.filter(({ head }) => head !== "APP" && head !== "DESIRED");
  const nodes = renderTable(columns, rows, { wide, headers: flags.headers, paint });
  return `${table}${paint.dim(plainText(set))}\n${rows.length > 0 ? `\n${nodes}` : ""}`;
};

/** The status report, `{ appId: [{ instanceId, … }] }`, as rows. */
export const reportRows = (report: JsonRecord): readonly JsonRecord[] =>
  Object.entries(report).flatMap(([appId, entries]) =>
    (Array.isArray(entries) ? entries.filter(isRecord) : []).map((entry) => ({
      appId,
      nodeId: textAt(entry, "instanceId"),
      desiredStatus: textAt(entry, "desiredStatus"),
      initStatus: textAt(entry, "initStatus"),
    })),
  );
