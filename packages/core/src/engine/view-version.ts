/**
 * What a version tells about rows kept in memory. Pure; the rules that `ListWatch` follows (I10).
 * A version is compared exactly: another history or a number that is not the next means that
 * something may be missing.
 */
import type { ViewVersion } from "../ports/view-store.ts";

/** `apply` it, pass over it as `known`, or `list` the partition again. */
export type HintVerdict = "apply" | "known" | "list";

/** Judges a published change against the version applied so far. */
export const judgeHint = (
  applied: ViewVersion,
  hint: { readonly version: ViewVersion; readonly complete: boolean },
): HintVerdict => {
  if (hint.version.historyId !== applied.historyId) return "list";
  if (hint.version.n <= applied.n) return "known";
  return hint.complete && hint.version.n === applied.n + 1 ? "apply" : "list";
};

/**
 * Judges a version read by the sweep. The answer may be older than what has been applied since the
 * sweep began, but never older than what was applied before it, unless the data went back.
 */
export const judgeSweep = (
  before: ViewVersion,
  applied: ViewVersion,
  seen: ViewVersion,
): "current" | "list" =>
  seen.historyId === applied.historyId &&
  applied.historyId === before.historyId &&
  seen.n >= before.n &&
  seen.n <= applied.n
    ? "current"
    : "list";

/**
 * Tells whether rows that a listing lacks were lost instead of removed: the number goes back with
 * the data, in whatever history. Where as many commits as were lost came since, it cannot tell.
 */
export const wentBack = (before: ViewVersion, listed: ViewVersion): boolean => listed.n < before.n;
