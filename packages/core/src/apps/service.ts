/** Reads of the apps feature: from memory, but for the history of changes. */
import type { ActorRef } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import type { NodeId } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import { isLive, type NodeRecord } from "../model/node-record.ts";
import type { AppFilter, AppsService, ClusterStatus, Listing, LocalApp } from "../services.ts";
import { AppTable, type AppTableSources } from "./app-table.ts";
import { compareRows } from "./compare-nodes.ts";
import { diffRow } from "./diff.ts";
import { explainApp } from "./explain.ts";
import { asksNodes, firstAfter, intentPasses, nodesAsked, nodesPass } from "./filter.ts";
import { readHistory } from "./history.ts";
import type { AppIntentRow } from "./intent.ts";
import type { LocalApps } from "./local-apps.ts";
import {
  type AppReason,
  type AppRow,
  type AppStatusReport,
  type AppSummary,
  isEnabled,
} from "./model.ts";
import { type NodeHistory, noHistory } from "./node-history.ts";
import type { AppObserved } from "./observed.ts";
import type { AppCommands } from "./protocol.ts";
import { appRow, statusOf, tally } from "./rows.ts";
import { appSummary, driftCause, isExcused, troubleOf } from "./summary.ts";

export interface AppsReads extends AppTableSources {
  readonly nodeId: string;
  actor(id: string): ActorRef<AppCommands>;
  /** Redis time, epoch milliseconds. */
  now(): number;
  /** What this node itself has; `undefined` on a node without an app host. */
  readonly local: LocalApps | undefined;
}

/** How all apps stand, for the status of the cluster. */
export interface AppsStanding {
  readonly counts: ClusterStatus["apps"];
  /** One for each app that drifted, terminal ones first, at most ten and how many more. */
  readonly sentences: readonly string[];
}

export interface AppsFeature extends AppsService {
  summary(): AppsStanding;
  /** Why live nodes do not agree on an app, each reason once. */
  driftCauses(id: string): readonly string[];
  /** Rows of these nodes, as this node has heard of them. */
  rowsOf(intent: AppIntentRow, nodes: readonly NodeRecord[]): readonly AppRow[];
  /** What is wanted of an app, the tombstone of one that is gone included. */
  intentOf(id: string): AppIntentRow | undefined;
  /** True while rows may be out of date. */
  readonly stale: boolean;
  /** The app as an intent describes it, whether or not it is in the view yet. */
  summaryOf(intent: AppIntentRow): AppSummary;
}

const maxSentences = 10;
const notReported: AppReason = Object.freeze({
  code: "not_reported",
  message: "this node has not come to the app yet",
});
const noHost: AppReason = Object.freeze({
  code: "no_host",
  message: "this node has no app host, so it runs no apps",
});

/** Builds the reads of `muster.apps`. */
export const createAppsService = (reads: AppsReads): AppsFeature => {
  const table = new AppTable(reads);
  const { local, nodeId } = reads;

  const listing = <T>(items: readonly T[]): Listing<T> => ({
    items,
    asOf: isoInstant(table.asOf),
    stale: table.stale,
  });

  const intentOf = (id: string): AppIntentRow => {
    const intent = table.intent(id);
    if (intent) return intent;
    throw new MusterError("APP_NOT_FOUND", `There is no app "${id}" in this cluster.`, {
      hint: "List them with `muster apps list`.",
    });
  };

  const intents = (): readonly AppIntentRow[] =>
    table.ids().flatMap((id) => table.intent(id) ?? []);

  const nodeOf = (id: string): NodeRecord => {
    const node = table.nodes.find((known) => known.id === id);
    if (node) return node;
    throw new MusterError("NODE_NOT_FOUND", `There is no node "${id}" in this cluster.`, {
      hint: "List them with `muster nodes list`.",
    });
  };

  const rowsOf = (intent: AppIntentRow, nodes = table.nodes): readonly AppRow[] => {
    const said = table.saidOf(intent.id);
    return nodes.map((node) => appRow(intent, node, said(node.id), nodeId));
  };

  const historyOf = (id: string) => {
    const said = table.saidOf(id);
    return (nodeId: string): NodeHistory => {
      const found = said(nodeId as NodeId);
      return found.kind === "report" ? found.report.row.observed.history : noHistory;
    };
  };

  const historiesOf = (id: string) => {
    const of = historyOf(id);
    return table.nodes.map((node) => ({ nodeId: node.id, history: of(node.id) }));
  };

  const liveRows = (intent: AppIntentRow): readonly AppRow[] =>
    rowsOf(
      intent,
      table.nodes.filter(({ state }) => isLive(state)),
    );

  const driftedRows = (intent: AppIntentRow): readonly AppRow[] =>
    liveRows(intent).filter(({ converged }) => !converged);

  const localApp = (appId: string, observed: AppObserved | undefined): LocalApp => ({
    appId,
    enabled: observed !== undefined && isEnabled(observed.initStatus),
    initStatus: observed?.initStatus ?? "unknown",
    reason: observed ? observed.reason : local ? notReported : noHost,
  });

  const select = (filter: AppFilter): readonly AppSummary[] => {
    const nodes = nodesAsked(table.nodes, filter);
    const items: AppSummary[] = [];
    if (filter.node !== undefined && nodes.length === 0) return items;
    const ids = table.ids();
    const { after, limit = ids.length } = filter;
    for (let at = after === undefined ? 0 : firstAfter(ids, after); at < ids.length; at++) {
      if (items.length >= limit) break;
      const intent = table.intent(ids[at] ?? "");
      if (!intent || !intentPasses(intent, filter)) continue;
      if (asksNodes(filter) && !nodesPass(nodes, intent, table.saidOf(intent.id), filter)) continue;
      const summary =
        filter.node === undefined
          ? table.summary(intent)
          : appSummary(intent, tally(intent, nodes, table.saidOf(intent.id)));
      if (filter.drifted !== undefined && filter.drifted !== summary.drifted > 0) continue;
      items.push(filter.withNodes ? { ...summary, nodes: rowsOf(intent, nodes) } : summary);
    }
    return items;
  };

  const sentence = (intent: AppIntentRow): string => {
    const { live, drifted, terminal } = table.tally(intent);
    const off = driftedRows(intent)
      .slice(0, 3)
      .map(
        (row) => `${row.nodeId} is ${row.initStatus}${row.reason ? ` (${row.reason.code})` : ""}`,
      );
    const more = drifted > off.length ? ` and ${drifted - off.length} more` : "";
    const end = terminal > 0 ? "; no retry will mend it" : "";
    const nodes = `${drifted} of ${live} nodes ${drifted === 1 ? "does" : "do"} not agree`;
    return `app ${intent.id} should be ${intent.desiredStatus}, and ${nodes}: ${off.join(", ")}${more}${end}`;
  };

  return {
    local: (id) => (table.intent(id) ? localApp(id, local?.get(id)) : undefined),
    onLocalChange: (listener) =>
      local?.onChange((id, observed) => listener(localApp(id, observed))) ?? (() => {}),

    report: (): AppStatusReport => {
      const report: Record<string, AppStatusReport[string]> = {};
      for (const id of table.ids()) {
        const intent = table.intent(id);
        if (!intent) continue;
        const said = table.saidOf(id);
        report[id] = table.nodes.map((node) => ({
          instanceId: node.id,
          desiredStatus: intent.desiredStatus,
          initStatus: statusOf(said(node.id), intent).initStatus,
        }));
      }
      return report;
    },

    list: (filter = {}) => listing(select(filter)),
    get: (id) => {
      const intent = intentOf(id);
      return { ...table.summary(intent), nodes: rowsOf(intent) };
    },
    rows: (id) => listing(rowsOf(intentOf(id))),

    explain: (id) => {
      const intent = intentOf(id);
      return explainApp(table.summary(intent), rowsOf(intent), historyOf(id), reads.now());
    },
    history: (id, request = {}) =>
      readHistory(id, request, { actor: reads.actor, historiesOf, now: () => reads.now() }),
    compare: (a, b) => {
      const [left, right] = [nodeOf(a), nodeOf(b)];
      return listing(
        intents().flatMap((intent) => {
          const [mine, theirs] = rowsOf(intent, [left, right]);
          return (mine && theirs && compareRows(mine, theirs)) ?? [];
        }),
      );
    },
    diff: () =>
      listing(
        intents()
          .filter((intent) => table.tally(intent).drifted > 0)
          .flatMap((intent) => rowsOf(intent).flatMap((row) => diffRow(row, intent.version) ?? [])),
      ),

    summaryOf: (intent) => table.summary(intent),
    intentOf: (id) => reads.view.get(id),
    rowsOf,
    get stale() {
      return table.stale;
    },
    driftCauses: (id) => {
      const causes = driftedRows(intentOf(id)).map(driftCause);
      return [...new Set(causes)].sort();
    },
    summary: () => {
      const { terminal, drifted, troubled } = table.off();
      const troubles = troubled.flatMap((intent) => troubleOf(intent) ?? []);
      const off = [...terminal, ...drifted];
      const total = table.ids().length;
      const open = off.filter((intent) => !isExcused(intent, () => driftedRows(intent)));
      const told = open.slice(0, maxSentences).map(sentence);
      const sentences = [...troubles, ...told].slice(0, maxSentences);
      const more = troubles.length + open.length - sentences.length;
      if (more > 0) sentences.push(`${more} more apps are not as they should be`);
      return {
        counts: {
          total,
          converged: total - off.length,
          drifted: off.length,
          terminal: terminal.length,
        },
        sentences,
      };
    },
  };
};
