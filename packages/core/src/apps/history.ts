/** What was wanted of an app and what became of it on each node, in one order. */
import type { ActorRef } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import { isoInstant } from "../model/instant.ts";
import type { AppChangeKind, AppState } from "./intent.ts";
import type { AppDesiredStatus, AppReason, AppStatus } from "./model.ts";
import type { NodeEntry, NodeHistory } from "./node-history.ts";
import type { AppCommands } from "./protocol.ts";

/** A change that somebody asked for, or that followed by itself. */
export interface HistoryChange {
  readonly kind: "change";
  readonly at: string;
  readonly change: AppChangeKind;
  readonly generation: number;
  readonly desiredStatus: AppDesiredStatus;
  readonly version: string;
  readonly by: string;
  readonly reason: string;
}

/** What attempts of one node came to; repeats raise `count` and stay where the first was. */
export interface HistoryOutcome {
  readonly kind: "outcome";
  readonly at: string;
  readonly lastAt: string;
  readonly count: number;
  readonly nodeId: string;
  readonly generation: number;
  readonly version: string | null;
  readonly initStatus: AppStatus;
  readonly reason: AppReason | null;
}
export type HistoryItem = HistoryChange | HistoryOutcome;

export interface AppHistory {
  /** Oldest first. */
  readonly items: readonly HistoryItem[];
  /** What the answer covers: within it nothing is left out. ISO-8601 UTC. */
  readonly window: { readonly from: string; readonly to: string };
}

export interface AppHistoryRequest {
  /** Most items, the newest ones; 1 to 500. @defaultValue 100 */
  readonly limit?: number;
}

interface NodesPart {
  readonly nodeId: string;
  readonly history: NodeHistory;
}
type Timed = { readonly ms: number; readonly item: HistoryItem };

const defaultLimit = 100;
const mostLimit = 500;

const changesOf = ({ entries }: AppState["history"]): readonly Timed[] =>
  entries.map(({ intentId: _, at, ...entry }) => ({
    ms: at,
    item: { kind: "change", at: isoInstant(at), ...entry },
  }));

const outcomeOf = ({ at, lastAt, ...entry }: NodeEntry & { readonly nodeId: string }): Timed => ({
  ms: at,
  item: { kind: "outcome", at: isoInstant(at), lastAt: isoInstant(lastAt), ...entry },
});

const outcomesOf = ({ nodeId, history }: NodesPart): readonly Timed[] =>
  history.entries.map((entry) => outcomeOf({ nodeId, ...entry }));

/** Puts changes and outcomes into one order, and says since when nothing is missing. Pure. */
export const mergeHistory = (
  changes: AppState["history"],
  nodes: readonly NodesPart[],
  now: number,
  limit = defaultLimit,
): AppHistory => {
  const { gone } = changes;
  const all = [
    ...changesOf(changes),
    ...gone.entries.map(outcomeOf),
    ...nodes.flatMap(outcomesOf),
  ].sort((a, b) => a.ms - b.ms);
  const shown = all.slice(-limit);
  const covered = nodes.map(({ history }) => (history.dropped > 0 ? history.coveredFrom : 0));
  const cut = shown.length < all.length ? (shown[0]?.ms ?? now) : 0;
  const from = Math.max(changes.coveredFrom, gone.coveredFrom, cut, ...covered);
  return {
    items: shown.map(({ item }) => item),
    window: { from: isoInstant(from), to: isoInstant(Math.max(now, from)) },
  };
};

/** @throws MusterError `APP_NOT_FOUND`, `VALIDATION`, `BACKEND_UNAVAILABLE` */
export const readHistory = async (
  id: string,
  { limit = defaultLimit }: AppHistoryRequest,
  sources: {
    actor(id: string): ActorRef<AppCommands>;
    historiesOf(id: string): readonly NodesPart[];
    now(): number;
  },
): Promise<AppHistory> => {
  const op = "apps.history";
  if (!Number.isInteger(limit) || limit < 1 || limit > mostLimit) {
    const message = `must be a whole number from 1 to ${mostLimit}`;
    throw new MusterError("VALIDATION", `limit ${message}.`, {
      op,
      fieldErrors: { limit: message },
      outcome: "not-applied",
    });
  }
  const answer = await sources.actor(id).ask.history({}, { failFast: true });
  if (!answer.ok) {
    throw new MusterError("APP_NOT_FOUND", `There never was an app "${id}" in this cluster.`, {
      op,
      hint: "List those there are with `muster apps list`.",
    });
  }
  return mergeHistory(answer.value.history, sources.historiesOf(id), sources.now(), limit);
};
