/** Decides installation and desired status of an app. Pure. */
import {
  changeIntent,
  type IntentDecision,
  type IntentFacts,
  installedApp,
} from "./change-intent.ts";
import type { AppIntentRow, AppState, InstallInput } from "./intent.ts";
import { sameSettings } from "./settings.ts";

const asksForMore = (app: AppIntentRow, input: InstallInput): boolean =>
  input.version !== app.version ||
  (input.desiredStatus ?? "enabled") !== app.desiredStatus ||
  (input.ref !== undefined && input.ref !== app.ref) ||
  (input.settings !== undefined && !sameSettings(input.settings, app.settings)) ||
  (input.licence !== undefined && input.licence !== app.licence);

/** Installs an app; asking again for what is there changes nothing. */
export const decideInstall = (
  state: AppState,
  id: string,
  input: InstallInput,
  facts: IntentFacts,
): IntentDecision => {
  if (facts.principal === undefined) return { kind: "refused", refusal: "no-principal" };
  const app = installedApp(state);
  if (app) {
    return asksForMore(app, input)
      ? { kind: "refused", refusal: "exists" }
      : { kind: "unchanged", app };
  }
  return changeIntent(
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
      by: facts.principal,
      reason: input.reason,
    },
    facts,
  );
};

/** Sets desired status; what is set already keeps its generation. */
export const decideDesired = (
  state: AppState,
  desiredStatus: "enabled" | "disabled",
  reason: string,
  facts: IntentFacts,
): IntentDecision => {
  if (facts.principal === undefined) return { kind: "refused", refusal: "no-principal" };
  const app = installedApp(state);
  if (!app) return { kind: "refused", refusal: "not-found" };
  if (app.desiredStatus === desiredStatus) return { kind: "unchanged", app };
  const wanted = { ...app, desiredStatus, reason, by: facts.principal };
  return changeIntent(state, desiredStatus, wanted, facts);
};
