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
        sentence: "no retry will make the package load: give a version that does",
      };
    case "invalid_installation_disabled":
      return {
        kind: "terminal",
        sentence: "no retry will mend the record of the installation: install the app anew",
      };
    case "invalid_settings_disabled":
      return {
        kind: "waits",
        ...at(row),
        sentence: "it is tried at once when the settings change",
        command: `muster apps settings ${appId} --set KEY=VALUE --reason "required setting"`,
      };
    case "invalid_license_disabled":
      return {
        kind: "waits",
        ...at(row),
        sentence: "it is tried at once when the licence changes",
        command: `muster apps licence ${appId} --file FILE --reason "licence"`,
      };
    default:
      if (reason?.code === "package_missing") {
        return {
          kind: "waits",
          ...at(row),
          sentence: `put the package where the node looks for it${again(row)}`,
        };
      }
      return row.nextAttemptAt === null
        ? { kind: "soon", sentence: "it is about to be tried again" }
        : {
            kind: "retry",
            ...at(row),
            sentence: `it is tried again at ${row.nextAttemptAt}`,
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
      sentence: "it acts on the present intent when it comes back",
      command: `muster nodes get ${nodeId}`,
    };
  }
  if (row.converged) return { kind: "none", sentence: "nothing: it is as it should be" };
  if (nodeState === "suspect") {
    return {
      kind: "waits",
      sentence: "it has not been heard from, and is found again or lost within seconds",
      command: `muster nodes get ${nodeId}`,
    };
  }
  if (row.observedIntentId !== row.intentId) {
    return { kind: "soon", sentence: `generation ${row.generation} has yet to be acted on` };
  }
  if (terminalStatuses.has(row.initStatus) || row.lastError !== null || reason !== null) {
    return reason?.code === "refused"
      ? {
          kind: "retry",
          ...at(row),
          sentence: `its own log tells why it refused${again(row)}`,
        }
      : failed(row);
  }
  return { kind: "soon", sentence: `it is being worked on: ${row.initStatus}` };
};
