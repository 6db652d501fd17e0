/** What would have to change for a node to agree: wanted against found. Pure; writes nothing. */
import { isLive } from "../model/node-record.ts";
import { type AppRow, isDisabled, isEnabled } from "./model.ts";
import { type NextStep, nextStep } from "./next-step.ts";

export interface RowDifference {
  readonly field: "status" | "generation" | "version" | "tearDown";
  readonly wanted: string;
  readonly found: string;
}

/** One app on one live node that is not as it should be. */
export interface AppDiff {
  readonly appId: string;
  readonly nodeId: string;
  /** At least one. */
  readonly differences: readonly RowDifference[];
  readonly next: NextStep;
}

/** Compares what a row should be with what it is; `undefined` where a live node agrees. */
export const diffRow = (row: AppRow, version: string): AppDiff | undefined => {
  if (row.converged || !isLive(row.nodeState)) return undefined;
  const { desiredStatus, initStatus } = row;
  const differences: RowDifference[] = [];
  const wantsEnabled = desiredStatus === "enabled";
  const status = wantsEnabled ? isEnabled(initStatus) : isDisabled(initStatus);
  if (!status) differences.push({ field: "status", wanted: desiredStatus, found: initStatus });
  if (row.observedIntentId !== row.intentId) {
    differences.push({
      field: "generation",
      wanted: String(row.generation),
      found: row.observedGeneration === null ? "none" : String(row.observedGeneration),
    });
  }
  if (wantsEnabled && row.version !== null && row.version !== version) {
    differences.push({ field: "version", wanted: version, found: row.version });
  }
  if (differences.length === 0) {
    const wanted = wantsEnabled ? "reported by this run of the node" : "torn down";
    const found = wantsEnabled ? "reported by a former run" : "may still be running";
    differences.push({ field: "tearDown", wanted, found });
  }
  return { appId: row.appId, nodeId: row.nodeId, differences, next: nextStep(row) };
};
