/**
 * Decides what is held for a while: a pause, during which nodes keep what they have, and drift that
 * somebody answers for. Both end by themselves. Pure.
 */
import {
  byItself,
  changeable,
  type IntentDecision,
  type IntentFacts,
  noteChange,
  refused,
  type StepDecision,
} from "./change-intent.ts";
import type { AckInput, PauseInput } from "./commands.ts";
import { hasMissed } from "./effective-intent.ts";
import type { AppIntentRow, AppState } from "./intent.ts";
import { surveyEffect } from "./survey-effect.ts";

/** Pauses an app, or gives its pause another owner, reason or end. */
export const decidePause = (
  state: AppState,
  { owner, reason, until }: PauseInput,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  if (until <= facts.now) return refused("until-past");
  const { app, by } = found;
  const held = app.paused?.held ?? null;
  const paused = { owner: owner ?? by, by, reason, at: facts.now, until, held };
  return {
    ...noteChange(state, "paused", { ...app, paused }, { by, reason }, facts),
    timers: [{ name: "pause", at: until, command: "pauseEnded", input: { until } }],
  };
};

/** An update that was to be tried on some nodes begins its time when they may act. */
const unpaused = (app: AppIntentRow, now: number): AppIntentRow => ({
  ...app,
  paused: null,
  rollout: app.rollout?.phase === "canary" ? { ...app.rollout, since: now } : app.rollout,
});
const looks = (app: AppIntentRow) =>
  app.rollout?.phase === "canary" ? { effects: [surveyEffect(app, "canary")] } : {};

/** Ends a pause: nodes do what they have missed. */
export const decideResume = (
  state: AppState,
  reason: string,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  const { app, by } = found;
  if (!app.paused) return { kind: "unchanged", app };
  const next = unpaused(app, facts.now);
  return {
    ...noteChange(state, "resumed", next, { by, reason }, facts),
    timers: [{ name: "pause", cancel: true }],
    ...looks(next),
  };
};

/** The end of a pause has come; one that was set to another end goes on. */
export const decidePauseEnded = (
  state: AppState,
  until: number,
  facts: IntentFacts,
): StepDecision => {
  const app = state.intent;
  if (!app?.paused || app.paused.until !== until) return { kind: "nothing" };
  const next = unpaused(app, facts.now);
  const reason = hasMissed(app)
    ? `the pause of ${app.paused.owner} is over: what was missed is done now`
    : `the pause of ${app.paused.owner} is over`;
  return {
    ...noteChange(state, "pause_ended", next, { by: byItself, reason }, facts),
    ...looks(next),
  };
};

/** Somebody answers for the drift there is: it is no trouble for a while, other drift is. */
export const decideAck = (
  state: AppState,
  { causes, owner, reason, until }: AckInput,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  if (until <= facts.now) return refused("until-past");
  const { app, by } = found;
  const ack = { owner: owner ?? by, by, reason, at: facts.now, until, causes };
  return {
    ...noteChange(state, "drift_acknowledged", { ...app, ack }, { by, reason }, facts),
    timers: [{ name: "ack", at: until, command: "ackEnded", input: { until } }],
  };
};

export const decideAckEnded = (
  state: AppState,
  until: number,
  facts: IntentFacts,
): StepDecision => {
  const app = state.intent;
  if (!app?.ack || app.ack.until !== until) return { kind: "nothing" };
  const reason = `what ${app.ack.owner} answered for counts again`;
  const why = { by: byItself, reason };
  return noteChange(state, "acknowledgement_ended", { ...app, ack: null }, why, facts);
};
