/** What happens next with an app on a node, and what a person can do about it. Pure. */
import { isLive } from "../model/node-record.ts";
import { terminalStatuses } from "./decide-converged.ts";
import type { AppRow } from "./model.ts";

export interface NextStep {
  readonly kind: /** Nothing is to be done. */
    | "none"
    /** Being worked on, or about to be. */
    | "soon"
    /** Tried again by itself at `at`. */
    | "retry"
    /** Waits for something outside: a setting, a licence, a package, a node. */
    | "waits"
    /** No retry will mend it. */
    | "terminal";
  readonly at?: string;
  readonly sentence: string;
  /** The exact command to run, where one helps. */
  readonly command?: string;
}

const at = (row: AppRow): Pick<NextStep, "at"> =>
  row.nextAttemptAt === null ? {} : { at: row.nextAttemptAt };

const again = (row: AppRow): string =>
  row.nextAttemptAt === null ? "" : `; it is tried again at ${row.nextAttemptAt}`;

const failed = (row: AppRow): NextStep => {
  const { appId, nodeId, reason } = row;
  switch (row.initStatus) {
    case "compiler_error_disabled":
      return {
        kind: "terminal",
        sentence: `the package does not load on ${nodeId}: give a version that does`,
        command: `muster apps update ${appId} --version VERSION --reason "fixed build"`,
      };
    case "invalid_installation_disabled":
      return {
        kind: "terminal",
        sentence: `the record of the installation cannot be used: install the app anew`,
        command: `muster apps uninstall ${appId} --reason "unusable record"`,
      };
    case "invalid_settings_disabled":
      return {
        kind: "waits",
        ...at(row),
        sentence: `settings are missing or not valid: set them, and ${nodeId} tries at once`,
        command: `muster apps settings ${appId} --set KEY=VALUE --reason "required setting"`,
      };
    case "invalid_license_disabled":
      return {
        kind: "waits",
        ...at(row),
        sentence: `the licence is missing or not valid: give one, and ${nodeId} tries at once`,
        command: `muster apps licence ${appId} --licence FILE --reason "licence"`,
      };
    default:
      if (reason?.code === "package_missing") {
        return {
          kind: "waits",
          ...at(row),
          sentence: `the package is not on ${nodeId}: put it there${again(row)}`,
        };
      }
      return row.nextAttemptAt === null
        ? { kind: "soon", sentence: `${nodeId} is about to try again` }
        : {
            kind: "retry",
            ...at(row),
            sentence: `${nodeId} tries again at ${row.nextAttemptAt}`,
            command: `muster apps reconcile ${appId} --node ${nodeId} --reason "try now"`,
          };
  }
};

/** Says what comes next for one row. */
export const nextStep = (row: AppRow): NextStep => {
  const { nodeId, nodeState, reason } = row;
  if (!isLive(nodeState)) {
    return {
      kind: "waits",
      sentence: `${nodeId} is ${nodeState}: it acts on the present intent when it comes back`,
      command: `muster nodes get ${nodeId}`,
    };
  }
  if (row.converged) return { kind: "none", sentence: "nothing: it is as it should be" };
  if (nodeState === "suspect") {
    return {
      kind: "waits",
      sentence: `${nodeId} has not been heard from: it is found again or lost within seconds`,
      command: `muster nodes get ${nodeId}`,
    };
  }
  if (row.observedIntentId !== row.intentId) {
    return { kind: "soon", sentence: `${nodeId} has yet to act on generation ${row.generation}` };
  }
  if (terminalStatuses.has(row.initStatus) || row.lastError !== null || reason !== null) {
    return reason?.code === "refused"
      ? {
          kind: "retry",
          ...at(row),
          sentence: `the app refused to be enabled on ${nodeId}${again(row)}: its own log tells why`,
        }
      : failed(row);
  }
  return { kind: "soon", sentence: `${nodeId} is at it: ${row.initStatus}` };
};
