/** One answer to "why is it enabled here and disabled there". Pure. */
import { isoInstant } from "../model/instant.ts";
import { isLive } from "../model/node-record.ts";
import { groupDifferences } from "./compare-nodes.ts";
import { appCommand, goingOn, listed } from "./going-on.ts";
import type { AppReason, AppRow, AppStatus, AppSummary } from "./model.ts";
import { type NextStep, nextStep } from "./next-step.ts";
import type { NodeEntry, NodeHistory } from "./node-history.ts";

/** What came of an attempt of a node; attempts that came to the same are one, with their count. */
export interface ExplainedAttempt {
  readonly at: string;
  /** When it last came to this. */
  readonly lastAt: string;
  readonly count: number;
  readonly generation: number;
  readonly outcome: AppStatus;
  readonly error?: string;
}

/** One node's part of an explanation. */
export interface ExplainedNode {
  readonly nodeId: string;
  readonly nodeState: AppRow["nodeState"];
  readonly initStatus: AppStatus;
  readonly converged: boolean;
  readonly stale: boolean;
  readonly reason: AppReason | null;
  /** What its attempts at this intent came to, oldest first; of an earlier one where it made none yet. */
  readonly attempts: readonly ExplainedAttempt[];
  /** Attempts in a row that did not succeed yet, or the one that did. */
  readonly attemptCount: number;
  readonly next: NextStep;
}

export interface AppExplanation {
  /** As in `app/crm`. */
  readonly subject: string;
  readonly intent: {
    readonly desiredStatus: AppSummary["desiredStatus"];
    readonly version: string;
    readonly generation: number;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
  };
  readonly nodes: readonly ExplainedNode[];
  /** What nodes have different: version, build, settings, runtime. */
  readonly differences: ReturnType<typeof groupDifferences>;
  /** All of it in words. */
  readonly sentence: string;
  /** The exact command to run next, where one helps. */
  readonly command?: string;
}

const asAttempt = (entry: NodeEntry): ExplainedAttempt => ({
  at: isoInstant(entry.at),
  lastAt: isoInstant(entry.lastAt),
  count: entry.count,
  generation: entry.generation,
  outcome: entry.initStatus,
  ...(entry.reason && { error: entry.reason.message }),
});

/** A node that has yet to act does so when the pause ends. */
const nextUnder = (paused: AppSummary["paused"], row: AppRow): NextStep => {
  const next = nextStep(row);
  if (!paused || next.kind !== "soon" || row.observedIntentId === row.intentId) return next;
  const sentence = `generation ${row.generation} is acted on when the pause ends, at ${paused.until}`;
  return { kind: "waits", at: paused.until, sentence };
};

const explainNode = (
  row: AppRow,
  { generation, paused }: AppSummary,
  entries: readonly NodeEntry[],
): ExplainedNode => {
  const present = entries.filter((entry) => entry.generation === generation);
  return {
    nodeId: row.nodeId,
    nodeState: row.nodeState,
    initStatus: row.initStatus,
    converged: row.converged,
    stale: row.stale,
    reason: row.reason,
    attempts: (present.length > 0 ? present : entries.slice(-1)).map(asAttempt),
    attemptCount: row.attempts,
    next: nextUnder(paused, row),
  };
};

/** The step that most needs a person, first. */
const urgency: readonly NextStep["kind"][] = ["terminal", "waits", "retry", "soon", "none"];

/** Nodes with one story are told together; retries at different instants are one story. */
const alike = (nodes: readonly ExplainedNode[]) => {
  const groups = new Map<string, { names: string[] } & ExplainedNode>();
  for (const node of nodes) {
    const story = [node.initStatus, node.reason?.message, node.next.kind].join("\n");
    const group = groups.get(story);
    if (group) group.names.push(node.nodeId);
    else groups.set(story, { ...node, names: [node.nodeId] });
  }
  return [...groups.values()];
};

const inWords = (app: AppSummary, nodes: readonly ExplainedNode[], now: number): string => {
  const live = nodes.filter(({ nodeState }) => isLive(nodeState));
  const off = live.filter(({ converged }) => !converged);
  const lost = nodes.filter(({ nodeState }) => nodeState === "lost");
  const intent = `${app.id} is to be ${app.desiredStatus} since ${app.changedAt}, as ${app.changedBy} asked: ${app.reason}.`;
  const agreement =
    live.length === 0
      ? "No node is there to act on it."
      : off.length === 0
        ? `All ${live.length} nodes agree.`
        : `${live.length - off.length} of ${live.length} nodes agree.`;
  const why = alike(off).map(({ names, initStatus, reason, next }) => {
    const told = reason ? `: ${reason.message.replace(/\.$/, "")}` : "";
    const are = names.length === 1 ? "is" : "are";
    return `${listed(names)} ${are} ${initStatus}${told}; ${next.sentence}.`;
  });
  const unseen = lost.map(({ nodeId }) => `${nodeId} is lost and could not be asked.`);
  return [intent, agreement, ...goingOn(app, nodes, now), ...why, ...unseen].join(" ");
};

/** Joins intent, what each node made of it, what comes next and what to do. */
export const explainApp = (
  app: AppSummary,
  rows: readonly AppRow[],
  historyOf: (nodeId: string) => NodeHistory,
  now: number,
): AppExplanation => {
  const nodes = rows.map((row) => explainNode(row, app, historyOf(row.nodeId).entries));
  const worst = nodes
    .filter(({ next }) => next.command !== undefined)
    .sort((a, b) => urgency.indexOf(a.next.kind) - urgency.indexOf(b.next.kind))[0];
  const command = appCommand(app) ?? worst?.next.command;
  return {
    subject: `app/${app.id}`,
    intent: {
      desiredStatus: app.desiredStatus,
      version: app.version,
      generation: app.generation,
      by: app.changedBy,
      reason: app.reason,
      at: app.changedAt,
    },
    nodes,
    differences: groupDifferences(rows),
    sentence: inWords(app, nodes, now),
    ...(command !== undefined && { command }),
  };
};
