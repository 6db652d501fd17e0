/**
 * Decides whether a node has done what is wanted. Compares intent by `intentId`: generations are for
 * order and display, and repeat after a loss of data (I10).
 */
import type { StatusRow } from "../view.ts";
import type { AppIntentRow } from "./intent.ts";
import { type AppDesiredStatus, type AppRow, isDisabled, isEnabled } from "./model.ts";
import type { AppObserved } from "./observed.ts";

/** A node's row, with the run of the node that wrote it. */
export interface NodeReport {
  readonly row: StatusRow<AppObserved>;
  readonly incarnation: string;
  /** Written by an earlier run of the node, or under another history of the data. */
  readonly former: boolean;
}

/** Tells whether what a node has is what is desired, whichever intent it acted on. */
export const satisfies = (desired: AppDesiredStatus, observed: AppObserved): boolean => {
  switch (desired) {
    case "enabled":
      return isEnabled(observed.initStatus);
    case "disabled":
      return isDisabled(observed.initStatus) && observed.tornDown;
    case "uninstalled":
      return isDisabled(observed.initStatus) && observed.tornDown && observed.traces === null;
  }
};

/** The node's present run has acted on this very intent, whatever came of it. */
const hasActed = (
  intent: Pick<AppIntentRow, "intentId">,
  report: NodeReport,
  node: { readonly incarnation: string },
): boolean =>
  !report.former &&
  report.incarnation === node.incarnation &&
  report.row.intentId === intent.intentId;

/** Tells whether a node has acted on the present intent and reached it. */
export const isConverged = (
  intent: Pick<AppIntentRow, "intentId" | "desiredStatus">,
  report: NodeReport | undefined,
  node: { readonly incarnation: string },
): boolean =>
  report !== undefined &&
  hasActed(intent, report, node) &&
  satisfies(intent.desiredStatus, report.row.observed);

export const terminalStatuses: ReadonlySet<string> = new Set([
  "compiler_error_disabled",
  "invalid_installation_disabled",
]);

/** Tells whether no retry will mend a row: it acted on this very intent and failed for good. */
export const isTerminal = (
  row: Pick<AppRow, "converged" | "observedIntentId" | "intentId" | "initStatus">,
): boolean =>
  !row.converged && row.observedIntentId === row.intentId && terminalStatuses.has(row.initStatus);

export type Agreement = "converged" | "drifted" | "terminal";

/** Sorts a node's row: `terminal` is drift that no retry will end. */
export const decideAgreement = (
  intent: Pick<AppIntentRow, "intentId" | "desiredStatus">,
  report: NodeReport | undefined,
  node: { readonly incarnation: string },
): Agreement => {
  if (isConverged(intent, report, node)) return "converged";
  return report !== undefined &&
    hasActed(intent, report, node) &&
    terminalStatuses.has(report.row.observed.initStatus)
    ? "terminal"
    : "drifted";
};
