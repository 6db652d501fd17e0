/** What became of an app on nodes that are no more: kept by the app itself, since their rows go. Pure. */
import { z } from "zod";
import type { AppState } from "./intent.ts";
import { type NodeHistory, nodeEntry } from "./node-history.ts";

/** Outcomes of former nodes that one app keeps; older ones are dropped and counted. */
export const maxGoneEntries = 20;

export const goneHistory = z.object({
  /** Nothing of former nodes since this Redis time is missing; 0 where nothing was dropped. */
  coveredFrom: z.number(),
  dropped: z.int().nonnegative(),
  /** Oldest first. */
  entries: z.array(nodeEntry.extend({ nodeId: z.string() })).max(maxGoneEntries),
});

export const nobodyGone = { coveredFrom: 0, dropped: 0, entries: [] };

/** Takes over the history of a node; what is told twice is kept once. */
export const keepHistoryOf = (state: AppState, nodeId: string, told: NodeHistory): AppState => {
  const { gone } = state.history;
  const names = new Set(told.entries.map(({ at }) => at));
  const others = gone.entries.filter((entry) => entry.nodeId !== nodeId || !names.has(entry.at));
  const all = [...others, ...told.entries.map((entry) => ({ nodeId, ...entry }))].sort(
    (a, b) => a.at - b.at,
  );
  const entries = all.slice(-maxGoneEntries);
  const cut = all.length - entries.length;
  const coveredFrom = Math.max(
    gone.coveredFrom,
    told.dropped > 0 ? told.coveredFrom : 0,
    cut > 0 ? (entries[0]?.at ?? 0) : 0,
  );
  const dropped = gone.dropped + told.dropped + cut;
  return { ...state, history: { ...state.history, gone: { coveredFrom, dropped, entries } } };
};
