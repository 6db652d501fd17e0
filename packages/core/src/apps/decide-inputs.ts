/** Decides what an app is given besides its desired status: settings, licence, management. Pure. */
import {
  changeable,
  changeIntent,
  type IntentDecision,
  type IntentFacts,
} from "./change-intent.ts";
import type { AppChangeKind, AppIntentRow, AppState } from "./intent.ts";
import { type AppSettings, sameSettings } from "./settings.ts";

type Inputs = Pick<AppIntentRow, "settings" | "licence" | "management">;

const decideInput = <K extends keyof Inputs>(
  state: AppState,
  {
    change,
    key,
    value,
    reason,
  }: { change: AppChangeKind; key: K; value: Inputs[K]; reason: string },
  facts: IntentFacts,
  same: (a: Inputs[K], b: Inputs[K]) => boolean = (a, b) => a === b,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  const { app, by } = found;
  if (same(app[key], value)) return { kind: "unchanged", app };
  return changeIntent(state, change, { ...app, [key]: value, reason, by }, facts);
};

/** Replaces all settings. */
export const decideSettings = (
  state: AppState,
  settings: AppSettings,
  reason: string,
  facts: IntentFacts,
): IntentDecision =>
  decideInput(
    state,
    { change: "settings", key: "settings", value: settings, reason },
    facts,
    sameSettings,
  );

/** Gives a licence, or takes it away. */
export const decideLicence = (
  state: AppState,
  licence: string | null,
  reason: string,
  facts: IntentFacts,
): IntentDecision =>
  decideInput(state, { change: "licence", key: "licence", value: licence, reason }, facts);

/** Says whether nodes act on the app, or only tell what they see. */
export const decideManagement = (
  state: AppState,
  mode: AppIntentRow["management"],
  reason: string,
  facts: IntentFacts,
): IntentDecision =>
  decideInput(state, { change: "management", key: "management", value: mode, reason }, facts);
