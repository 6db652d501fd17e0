/**
 * Builds what is shown of apps from intent, nodes and reports: rows, tallies, the report. Pure; a
 * node that never reported, and one whose row cannot be read, are shown as that (I10).
 */
import type { Incarnation, NodeId } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import { isLive, type NodeRecord } from "../model/node-record.ts";
import type { StatusRow } from "../view.ts";
import { decideAgreement, isConverged, type NodeReport } from "./decide-converged.ts";
import { effectiveIntent, hasMissed } from "./effective-intent.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppReason, AppRow, AppStatus } from "./model.ts";
import { type AppObserved, appObserved } from "./observed.ts";

/** A report as it came: what the node observed is not checked yet. */
export interface RawReport {
  readonly row: StatusRow<unknown>;
  readonly incarnation: Incarnation | "none";
  readonly former: boolean;
  readonly stale: boolean;
}

/** What one node says of one app. */
export type Said =
  | { readonly kind: "nothing" }
  | { readonly kind: "unreadable"; readonly raw: RawReport }
  | { readonly kind: "report"; readonly raw: RawReport; readonly report: NodeReport };

const readable = new WeakMap<object, boolean>();

/** Checks what another node observed, once per value. */
const fitsObserved = (row: StatusRow<unknown>): row is StatusRow<AppObserved> => {
  const { observed } = row;
  if (typeof observed !== "object" || observed === null) return false;
  const known = readable.get(observed);
  if (known !== undefined) return known;
  const fits = appObserved.safeParse(observed).success;
  readable.set(observed, fits);
  return fits;
};

export const saidBy = (raw: RawReport | undefined): Said => {
  if (!raw) return { kind: "nothing" };
  const { row, incarnation, former } = raw;
  if (!fitsObserved(row)) return { kind: "unreadable", raw };
  return { kind: "report", raw, report: { row, incarnation, former } };
};

/** Nodes that have rows: all but those that left in order, by id. */
export const shownNodes = (nodes: readonly NodeRecord[]): readonly NodeRecord[] =>
  nodes.filter(({ state }) => state !== "left").sort((a, b) => (a.id < b.id ? -1 : 1));

const notReported: AppReason = Object.freeze({
  code: "not_reported",
  message: "this node has not reported the app yet",
});
const noHost: AppReason = Object.freeze({
  code: "no_host",
  message: "this node has no app host, so it runs no apps",
});
const unreadable: AppReason = Object.freeze({
  code: "unreadable",
  message: "what this node reported cannot be read by this version of the program",
});

/** An app that was migrated is shown as it was there, until a node reports or intent changes. */
const beforeReport = ({
  intentId,
  migrated,
}: Pick<AppIntentRow, "intentId" | "migrated">): {
  initStatus: AppStatus;
  reason: AppReason;
} => {
  if (migrated?.intentId !== intentId) return { initStatus: "unknown", reason: notReported };
  const { initStatus } = migrated;
  const message = `this node has not reported the app yet; ${initStatus} is what it was migrated from`;
  return { initStatus, reason: { code: notReported.code, message } };
};

export const statusOf = (
  said: Said,
  intent: Pick<AppIntentRow, "intentId" | "migrated">,
): { initStatus: AppStatus; reason: AppReason | null } => {
  switch (said.kind) {
    case "nothing":
      return beforeReport(intent);
    case "unreadable":
      return { initStatus: "unknown", reason: unreadable };
    case "report": {
      const { initStatus, reason } = said.report.row.observed;
      return { initStatus, reason };
    }
  }
};

/** Nodes only look at such an app: there is nothing that they should agree on. */
const isObserved = ({ management, desiredStatus }: AppIntentRow): boolean =>
  management === "observe" && desiredStatus !== "uninstalled";

const instantOrNull = (ms = 0): string | null => (ms > 0 ? isoInstant(ms) : null);

/** A node without an app host has nothing to agree on. */
export const runsApps = ({ info }: NodeRecord): boolean => info.replicas?.includes("app") ?? true;

/** One app on one node. */
export const appRow = (
  intent: AppIntentRow,
  node: NodeRecord,
  said: Said,
  localNodeId: string,
): AppRow => {
  const raw = said.kind === "nothing" ? undefined : said.raw;
  const report = said.kind === "report" ? said.report : undefined;
  const observed = report?.row.observed;
  const wanted = effectiveIntent(intent, node.id);
  return {
    appId: intent.id,
    nodeId: node.id,
    incarnation: raw === undefined || raw.incarnation === "none" ? null : raw.incarnation,
    nodeState: node.state,
    isLocal: node.id === localNodeId,
    desiredStatus: intent.desiredStatus,
    generation: intent.generation,
    intentId: hasMissed(intent) ? intent.intentId : wanted.intentId,
    ...(runsApps(node) ? statusOf(said, intent) : { initStatus: "unknown", reason: noHost }),
    observedGeneration: observed?.observedGeneration ?? null,
    observedIntentId: raw?.row.intentId ?? null,
    version: observed?.version ?? null,
    packageDigest: observed?.packageDigest ?? null,
    settingsHash: observed?.settingsHash ?? null,
    runtime: observed?.runtime ?? null,
    converged: !runsApps(node) || (!hasMissed(intent) && isConverged(wanted, report, node)),
    attempts: raw?.row.attempts ?? 0,
    nextAttemptAt: instantOrNull(raw?.row.nextAttemptAt),
    lastError: raw?.row.lastError ?? null,
    since: instantOrNull(observed?.since || raw?.row.since),
    reportedAt: instantOrNull(raw?.row.reportedAt),
    stale: node.state === "suspect" || !isLive(node.state) || (raw?.stale ?? false),
  };
};

/** How the live nodes stand to one app. */
export interface Tally {
  readonly live: number;
  /** Live nodes that have not done what is wanted, terminal ones among them. */
  readonly drifted: number;
  readonly terminal: number;
}

/** Counts over live nodes; lost ones can neither confirm nor drift. */
export const tally = (
  intent: AppIntentRow,
  nodes: readonly NodeRecord[],
  said: (nodeId: NodeId) => Said,
): Tally => {
  let live = 0;
  let drifted = 0;
  let terminal = 0;
  for (const node of nodes) {
    if (!isLive(node.state) || !runsApps(node)) continue;
    live += 1;
    if (isObserved(intent)) continue;
    const answer = said(node.id);
    const agreement = decideAgreement(
      effectiveIntent(intent, node.id),
      answer.kind === "report" ? answer.report : undefined,
      node,
    );
    if (agreement !== "converged" || hasMissed(intent)) drifted += 1;
    if (agreement === "terminal") terminal += 1;
  }
  return { live, drifted, terminal };
};
