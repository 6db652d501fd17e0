/** An app as listings show it. Pure. */
import { isoInstant } from "../model/instant.ts";
import { hasMissed } from "./effective-intent.ts";
import type { AppIntentRow, AppPause, AppRollout, AppUninstall, DriftAck } from "./intent.ts";
import type { AppHold, AppRolloutView, AppRow, AppSummary, AppUninstallView } from "./model.ts";
import type { Tally } from "./rows.ts";
import { settingsHash } from "./settings.ts";

const rolloutView = ({ from, haltedBy, nodes, phase }: AppRollout): AppRolloutView => ({
  phase,
  nodes,
  from: from.version,
  ...(haltedBy && { haltedBy }),
});

const hold = ({ at, by, owner, reason, until }: AppPause | DriftAck): AppHold => ({
  owner,
  by,
  reason,
  at: isoInstant(at),
  until: isoInstant(until),
});

const uninstallView = ({
  boundAt,
  error,
  phase,
  since,
  waitingFor,
}: AppUninstall): AppUninstallView => ({
  phase: phase === "tearing-down" ? phase : "purging",
  since: isoInstant(since),
  boundAt: isoInstant(boundAt),
  waitingFor,
  ...(error !== null && { error }),
});

export const appSummary = (intent: AppIntentRow, { drifted }: Tally): AppSummary => {
  const { ack, paused, previous, rollout, uninstall } = intent;
  return {
    id: intent.id,
    version: intent.version,
    desiredStatus: intent.desiredStatus,
    generation: intent.generation,
    intentId: intent.intentId,
    management: intent.management,
    settingsHash: settingsHash(intent.settings),
    hasLicence: intent.licence !== null,
    converged: drifted === 0 && rollout === null,
    drifted,
    changedBy: intent.by,
    changedAt: isoInstant(intent.at),
    reason: intent.reason,
    ...(previous && { previousVersion: previous.version }),
    ...(rollout && { rollout: rolloutView(rollout) }),
    ...(paused && {
      pausedUntil: isoInstant(paused.until),
      paused: { ...hold(paused), missed: hasMissed(intent) },
    }),
    ...(ack && { acknowledged: { ...hold(ack), causes: ack.causes } }),
    ...(uninstall && { uninstall: uninstallView(uninstall) }),
  };
};

/** Why a row has drifted, as acknowledgements and alerts name it. */
export const driftCause = (row: AppRow): string => {
  if (row.reason) return row.reason.code;
  return row.observedIntentId === row.intentId ? row.initStatus : "not_observed";
};

/** An attempt is under way: what the one before failed by comes back with its outcome. */
export const isOnItsWay = ({ initStatus, reason }: AppRow): boolean =>
  reason === null && (initStatus === "constructed" || initStatus === "initialized");

/** Tells whether somebody answers for the drift of this row, by the causes that were acknowledged. */
export const isAcknowledged = (causes: readonly string[], row: AppRow): boolean =>
  isOnItsWay(row) || causes.includes(driftCause(row));

/** Tells whether somebody answers for the drift of an app, all of it. */
export const isExcused = (
  { ack, paused }: Pick<AppIntentRow, "ack" | "paused">,
  drifted: () => readonly AppRow[],
): boolean =>
  paused !== null || (ack !== null && drifted().every((row) => isAcknowledged(ack.causes, row)));

/** What stands in the way of an app although its nodes may agree. */
export const troubleOf = ({
  id,
  rollout,
  uninstall,
  version,
}: AppIntentRow): string | undefined => {
  if (rollout?.haltedBy) {
    const { nodeId, reason } = rollout.haltedBy;
    return `the update of app ${id} to ${version} is halted by ${nodeId}: ${reason.message}`;
  }
  if (uninstall?.error) return `app ${id} is uninstalled and cannot be purged: ${uninstall.error}`;
  return undefined;
};
