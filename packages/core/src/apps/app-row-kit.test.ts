/** A row of one app on one node that agrees, with parts replaced. */
import type { Incarnation, NodeId } from "../model/ids.ts";
import type { AppRow, AppSummary } from "./model.ts";

const at = "2026-05-01T12:00:00.000Z";

export const row = (nodeId: string, part: Partial<AppRow> = {}): AppRow => ({
  appId: "crm",
  nodeId: nodeId as NodeId,
  incarnation: "run" as Incarnation,
  nodeState: "up",
  isLocal: false,
  desiredStatus: "enabled",
  generation: 3,
  intentId: "i3",
  initStatus: "auto_enabled",
  observedGeneration: 3,
  observedIntentId: "i3",
  version: "1.0.0",
  packageDigest: "sha256:a",
  settingsHash: "s1",
  runtime: "bun 1.4.5",
  converged: true,
  reason: null,
  attempts: 0,
  nextAttemptAt: null,
  lastError: null,
  since: at,
  reportedAt: at,
  stale: false,
  ...part,
});

/** A row of a node that failed. */
export const failed = (nodeId: string, part: Partial<AppRow> = {}): AppRow =>
  row(nodeId, {
    initStatus: "error_disabled",
    converged: false,
    reason: { code: "hook_failed", message: "enable: no way." },
    attempts: 2,
    nextAttemptAt: "2026-05-01T12:00:04.000Z",
    lastError: "no way",
    ...part,
  });

export const app = (part: Partial<AppSummary> = {}): AppSummary => ({
  id: "crm",
  version: "1.0.0",
  desiredStatus: "enabled",
  generation: 3,
  intentId: "i3",
  management: "enforce",
  settingsHash: "5a56d1e7f6bbc27f",
  hasLicence: false,
  converged: false,
  drifted: 1,
  changedBy: "anna",
  changedAt: at,
  reason: "roll-out",
  ...part,
});
