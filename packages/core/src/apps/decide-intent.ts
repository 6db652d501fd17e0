/** Decides installation and desired status of an app. Pure. */
import {
  changeable,
  changeIntent,
  type IntentDecision,
  type IntentFacts,
  refused,
} from "./change-intent.ts";
import type { InstallInput } from "./commands.ts";
import { type AppIntentRow, type AppState, isPurged } from "./intent.ts";
import { sameSettings } from "./settings.ts";

const asksForMore = (app: AppIntentRow, input: InstallInput): boolean =>
  input.version !== app.version ||
  (input.desiredStatus ?? "enabled") !== app.desiredStatus ||
  (input.ref !== undefined && input.ref !== app.ref) ||
  (input.settings !== undefined && !sameSettings(input.settings, app.settings)) ||
  (input.licence !== undefined && input.licence !== app.licence);

/**
 * Installs an app; asking again for what is there changes nothing. What an uninstall has not cleared
 * away yet must not meet a new installation.
 */
export const decideInstall = (
  state: AppState,
  id: string,
  input: InstallInput,
  facts: IntentFacts,
): IntentDecision => {
  if (facts.principal === undefined) return refused("no-principal");
  const { intent } = state;
  if (intent && intent.desiredStatus !== "uninstalled") {
    return asksForMore(intent, input) ? refused("exists") : { kind: "unchanged", app: intent };
  }
  if (intent && !isPurged(intent)) return refused("uninstalling");
  const changed = changeIntent(
    state,
    "installed",
    {
      id,
      version: input.version,
      ref: input.ref ?? null,
      settings: input.settings ?? {},
      licence: input.licence ?? null,
      desiredStatus: input.desiredStatus ?? "enabled",
      management: "enforce",
      rollout: null,
      installId: facts.turnId,
      previous: null,
      paused: null,
      ack: null,
      uninstall: null,
      migrated: intent?.migrated ?? null,
      by: facts.principal,
      reason: input.reason,
    },
    facts,
  );
  return intent ? { ...changed, timers: [{ name: "forget", cancel: true }] } : changed;
};

/** Sets desired status; what is set already keeps its generation. */
export const decideDesired = (
  state: AppState,
  desiredStatus: "enabled" | "disabled",
  reason: string,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  const { app, by } = found;
  if (app.desiredStatus === desiredStatus) return { kind: "unchanged", app };
  return changeIntent(state, desiredStatus, { ...app, desiredStatus, reason, by }, facts);
};
