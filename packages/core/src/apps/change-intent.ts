/**
 * Makes a new intent out of the present one, or notes a change that leaves intent as it is, with its
 * entry in the history. Pure; the only place that does (I11).
 */
import type { EffectStart, TimerChange } from "../define-actor.ts";
import {
  type AppChangeKind,
  type AppIntentRow,
  type AppState,
  type FollowedIntent,
  maxHistory,
} from "./intent.ts";
import { surveyEffect } from "./survey-effect.ts";

/** Why a command on an app may be declined. */
export const intentRefusals = [
  "exists",
  "not-found",
  "no-principal",
  "uninstalling",
  "paused",
  "no-previous",
  "no-drift",
  "until-past",
] as const;
export type IntentRefusal = (typeof intentRefusals)[number];

/** What deciders need to know of a turn; a part of the actor's facts. */
export interface IntentFacts {
  readonly now: number;
  readonly turnId: string;
  readonly principal: string | undefined;
}

export interface ChangedIntent {
  readonly kind: "changed";
  readonly change: AppChangeKind;
  readonly state: AppState;
  readonly previous: AppIntentRow | null;
  readonly next: AppIntentRow;
  /** Who and why; of intent itself where this is a change of intent. */
  readonly by: string;
  readonly reason: string;
  readonly timers?: readonly TimerChange[];
  readonly effects?: readonly EffectStart[];
}
export type IntentDecision =
  | ChangedIntent
  /** What is asked for holds already: a success that keeps the generation. */
  | { readonly kind: "unchanged"; readonly app: AppIntentRow }
  | { readonly kind: "refused"; readonly refusal: IntentRefusal };
/** What a turn that nobody asked for comes to. */
export type StepDecision =
  | ChangedIntent
  /** The state changes, and it is nothing for history. */
  | {
      readonly kind: "noted";
      readonly state: AppState;
      readonly timers?: readonly TimerChange[];
      readonly effects?: readonly EffectStart[];
    }
  | { readonly kind: "nothing" };

/** Who changes what follows by itself from an earlier change. */
export const byItself = "muster";

export const refused = (refusal: IntentRefusal): IntentDecision => ({ kind: "refused", refusal });

/** What a change says; the rest of an intent is given to it. */
type Wanted = Omit<AppIntentRow, "generation" | "intentId" | "desiredIntentId" | "at" | "revision">;

/** An uninstalled app leaves its intent as a tombstone, so that generations go on growing. */
export const installedApp = ({ intent }: AppState): AppIntentRow | undefined =>
  intent === null || intent.desiredStatus === "uninstalled" ? undefined : intent;

/** The app that a command of a person is about, or why there is none to change. */
export const changeable = (
  state: AppState,
  { principal }: IntentFacts,
):
  | { readonly kind: "app"; readonly app: AppIntentRow; readonly by: string }
  | { readonly kind: "refused"; readonly refusal: IntentRefusal } => {
  if (principal === undefined) return { kind: "refused", refusal: "no-principal" };
  const app = installedApp(state);
  return app ? { kind: "app", app, by: principal } : { kind: "refused", refusal: "not-found" };
};

/** Puts another row in place of the present one. */
export const withRow = (
  state: AppState,
  row: Omit<AppIntentRow, "revision">,
): AppState & { readonly intent: AppIntentRow } => ({
  ...state,
  intent: { ...row, revision: (state.intent?.revision ?? 0) + 1 },
});

const noted = (
  state: AppState,
  change: AppChangeKind,
  next: Omit<AppIntentRow, "revision">,
  { at, by, reason }: { readonly at: number; readonly by: string; readonly reason: string },
) => {
  const { generation, intentId, desiredStatus, version } = next;
  const all = [
    ...state.history.entries,
    { change, generation, intentId, desiredStatus, version, by, reason, at },
  ];
  const entries = all.slice(-maxHistory);
  const dropped = all.length - entries.length;
  const before = state.intent === null ? at : state.history.coveredFrom;
  const history = {
    ...state.history,
    entries,
    dropped: state.history.dropped + dropped,
    coveredFrom: dropped > 0 ? (entries[0]?.at ?? at) : before,
  };
  return { ...withRow(state, next), history };
};

const followedPart = (row: AppIntentRow): FollowedIntent => {
  const { version, ref, settings, licence, desiredStatus, management, rollout } = row;
  const { generation, intentId, desiredIntentId } = row;
  return {
    ...{ version, ref, settings, licence, desiredStatus, management, rollout },
    ...{ generation, intentId, desiredIntentId },
  };
};

/** Gives what is wanted its generation and identity, and notes it in the history. */
export const changeIntent = (
  state: AppState,
  change: AppChangeKind,
  wanted: Wanted,
  facts: Pick<IntentFacts, "now" | "turnId">,
): ChangedIntent => {
  const previous = state.intent;
  // Nodes go on with what they had when the pause began, whatever changes during it.
  const paused =
    wanted.paused && previous && wanted.paused.held === null
      ? { ...wanted.paused, held: followedPart(previous) }
      : wanted.paused;
  // The first nodes of an update act anew on each intent: they have their time again for it.
  const rollout =
    wanted.rollout?.phase === "canary" ? { ...wanted.rollout, since: facts.now } : wanted.rollout;
  const next = {
    ...wanted,
    paused,
    rollout,
    generation: (previous?.generation ?? 0) + 1,
    intentId: facts.turnId,
    desiredIntentId:
      previous?.desiredStatus === wanted.desiredStatus ? previous.desiredIntentId : facts.turnId,
    at: facts.now,
  };
  const { by, reason } = next;
  const changed = noted(state, change, next, { at: facts.now, by, reason });
  const made = { state: changed, previous, next: changed.intent, by, reason };
  // Looks at the former intent end with it; a pause begins them when it ends.
  return rollout?.phase === "canary" && !paused
    ? { kind: "changed", change, ...made, effects: [surveyEffect(changed.intent, "canary")] }
    : { kind: "changed", change, ...made };
};

/** Notes a change that leaves intent, its generation and its author as they are. */
export const noteChange = (
  state: AppState,
  change: AppChangeKind,
  next: AppIntentRow,
  why: { readonly by: string; readonly reason: string },
  { now }: Pick<IntentFacts, "now">,
): ChangedIntent => {
  const changed = noted(state, change, next, { at: now, ...why });
  return {
    kind: "changed",
    change,
    state: changed,
    previous: state.intent,
    next: changed.intent,
    ...why,
  };
};
