/**
 * What became of an app on one node, attempt by attempt. It travels in the node's own row, so that
 * it is bounded, outlives the process and leaves with the node. Pure.
 */
import { z } from "zod";
import { AppStatus } from "./model.ts";

/** Entries one node keeps of one app; older ones are dropped and counted. */
export const maxNodeEntries = 20;
const maxMessageChars = 300;

export const nodeEntry = z.object({
  /** Redis time of the first and of the last time it came to this. */
  at: z.number(),
  lastAt: z.number(),
  count: z.int().positive(),
  generation: z.int(),
  version: z.string().nullable(),
  initStatus: z.enum(AppStatus),
  reason: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type NodeEntry = Readonly<z.output<typeof nodeEntry>>;

export const nodeHistory = z.object({
  /** Nothing since this Redis time is missing; 0 where nothing was kept yet. */
  coveredFrom: z.number(),
  dropped: z.int().nonnegative(),
  /** In the order in which each was first met. */
  entries: z.array(nodeEntry),
});
export type NodeHistory = Readonly<z.output<typeof nodeHistory>>;

export const noHistory: NodeHistory = Object.freeze({ coveredFrom: 0, dropped: 0, entries: [] });

type Met = Pick<NodeEntry, "generation" | "version" | "initStatus" | "reason">;

const clip = (reason: NodeEntry["reason"]): NodeEntry["reason"] =>
  reason && reason.message.length > maxMessageChars
    ? { ...reason, message: `${reason.message.slice(0, maxMessageChars - 1)}…` }
    : reason;

const isSame = (entry: NodeEntry, met: Met): boolean =>
  entry.generation === met.generation &&
  entry.version === met.version &&
  entry.initStatus === met.initStatus &&
  entry.reason?.code === met.reason?.code &&
  entry.reason?.message === met.reason?.message;

/** Adds what an attempt came to. A repeat raises the count of its entry and moves nothing. */
export const noteAttempt = (history: NodeHistory, met: Met, now: number): NodeHistory => {
  const { generation, version, initStatus } = met;
  const short = { generation, version, initStatus, reason: clip(met.reason) };
  const at = history.entries.findIndex((entry) => isSame(entry, short));
  const known = history.entries[at];
  if (known) {
    const again = { ...known, lastAt: now, count: known.count + 1 };
    return { ...history, entries: history.entries.with(at, again) };
  }
  const all = [...history.entries, { at: now, lastAt: now, count: 1, ...short }];
  const entries = all.slice(-maxNodeEntries);
  const dropped = all.length - entries.length;
  const before = history.coveredFrom === 0 ? now : history.coveredFrom;
  return {
    entries,
    dropped: history.dropped + dropped,
    coveredFrom: dropped > 0 ? (entries[0]?.at ?? now) : before,
  };
};
