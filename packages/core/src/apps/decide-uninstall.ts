/**
 * Decides an uninstall: every live node tears the app down, then what it left outside of nodes is
 * purged once for the cluster. What remains keeps the generation. Pure.
 *
 *   uninstall ──▶ tearing-down ──all live nodes confirmed, or 10 min──▶ purging ──done──▶ purged
 */
import {
  byItself,
  changeIntent,
  type IntentDecision,
  type IntentFacts,
  noteChange,
  refused,
  type StepDecision,
  withRow,
} from "./change-intent.ts";
import type { Survey, UninstallInput } from "./commands.ts";
import { type AppIntentRow, type AppState, type AppUninstall, isPurged } from "./intent.ts";
import { surveyEffect } from "./survey-effect.ts";

/** The purge waits so long for live nodes, in milliseconds. */
export const tearDownMs = 600_000;
/** A purge that failed is tried anew after so long, in milliseconds. */
export const purgeAgainMs = 300_000;
/** Nodes hear of a purged app for so long: longer than a lost node is kept, in milliseconds. */
export const tombstoneMs = 25 * 3_600_000;

/** A purge that ended each process that ran it: another try would end more of them. */
export const isCrashLoop = (error: string): boolean => error.startsWith("crash_loop:");

/** Takes an app away. Asking again is a success; with force it tries a failed purge anew. */
export const decideUninstall = (
  state: AppState,
  { force = false, reason }: UninstallInput,
  facts: IntentFacts,
): IntentDecision => {
  if (facts.principal === undefined) return refused("no-principal");
  const app = state.intent;
  if (app === null) return refused("not-found");
  if (app.desiredStatus === "uninstalled") {
    const { uninstall } = app;
    if (!force || uninstall?.phase !== "purging" || uninstall.error === null) {
      return { kind: "unchanged", app };
    }
    const next = { ...app, uninstall: { ...uninstall, error: null } };
    const why = { by: facts.principal, reason };
    return {
      ...noteChange(state, "uninstalled", next, why, facts),
      timers: [{ name: "purge", cancel: true }],
      effects: [purgeEffect(app)],
    };
  }
  if (app.paused && !force) return refused("paused");
  const changed = changeIntent(
    state,
    "uninstalled",
    {
      ...app,
      desiredStatus: "uninstalled",
      rollout: null,
      paused: null,
      ack: null,
      uninstall: {
        phase: "tearing-down",
        since: facts.now,
        boundAt: facts.now + tearDownMs,
        waitingFor: [],
        error: null,
        purgedAt: null,
        forgotten: false,
      },
      by: facts.principal,
      reason,
    },
    facts,
  );
  return {
    ...changed,
    timers: [
      { name: "pause", cancel: true },
      { name: "ack", cancel: true },
    ],
    effects: [surveyEffect(changed.next, "uninstall")],
  };
};

type Uninstalling = AppIntentRow & { readonly uninstall: AppUninstall };

const uninstalling = (state: AppState, intentId: string): Uninstalling | undefined => {
  const app = state.intent;
  return app?.uninstall && app.intentId === intentId
    ? { ...app, uninstall: app.uninstall }
    : undefined;
};

const withProgress = (state: AppState, app: Uninstalling, part: Partial<AppUninstall>): AppState =>
  withRow(state, { ...app, uninstall: { ...app.uninstall, ...part } });

const purgeEffect = ({ id: appId, installId, ref, version }: AppIntentRow) => ({
  effect: "purge",
  // One for each installation: however often it is started, one outcome is taken.
  id: `purge ${installId}`,
  input: { appId, installId, version, ref },
});

/** What the nodes have made of the tear-down: on to the purge, or another look. */
export const decideTornDown = (
  state: AppState,
  intentId: string,
  survey: Survey,
  { now }: IntentFacts,
): StepDecision => {
  const app = uninstalling(state, intentId);
  if (app?.uninstall.phase !== "tearing-down") return { kind: "nothing" };
  const waitingFor = survey.nodes
    .filter(({ standing }) => standing !== "confirmed")
    .map(({ nodeId, reason }) => ({
      nodeId,
      reason: reason ?? { code: "not_reported", message: "it has not confirmed yet" },
    }));
  const isOver = survey.complete && waitingFor.length === 0;
  if (isOver || now >= app.uninstall.boundAt) {
    const changed = withProgress(state, app, { phase: "purging", waitingFor });
    return { kind: "noted", state: changed, effects: [purgeEffect(app)] };
  }
  const same = JSON.stringify(waitingFor) === JSON.stringify(app.uninstall.waitingFor);
  return {
    kind: "noted",
    state: same ? state : withProgress(state, app, { waitingFor }),
    effects: [surveyEffect(app, "uninstall")],
  };
};

/** The purge is done: the app is gone, and its secrets with it. */
export const decidePurged = (
  state: AppState,
  installId: string,
  facts: IntentFacts,
): StepDecision => {
  const app = state.intent;
  if (!app?.uninstall || app.installId !== installId || isPurged(app)) return { kind: "nothing" };
  const uninstall: AppUninstall = {
    ...app.uninstall,
    phase: "purged",
    error: null,
    purgedAt: facts.now,
  };
  const next = { ...app, settings: {}, licence: null, previous: null, uninstall };
  const late = app.uninstall.waitingFor.map(({ nodeId }) => nodeId).join(", ");
  const reason = late
    ? `all is purged; not confirmed by ${late}`
    : "every live node has torn it down, and all is purged";
  const why = { by: byItself, reason: reason.slice(0, 500) };
  const legacy = state.legacy && { ...state.legacy, record: null };
  return {
    ...noteChange({ ...state, legacy }, "purged", next, why, facts),
    timers: [{ name: "forget", afterMs: tombstoneMs, command: "forget", input: { installId } }],
  };
};

/** No node needs to hear of the app any more; its actor goes on knowing its generation. */
export const decideForgotten = (state: AppState, installId: string): StepDecision => {
  const app = state.intent;
  if (!app?.uninstall || app.installId !== installId || !isPurged(app)) return { kind: "nothing" };
  const uninstall = { ...app.uninstall, forgotten: true };
  return { kind: "noted", state: withRow(state, { ...app, uninstall }) };
};

/** The purge could not be done: it is shown, and tried anew, unless it ends processes. */
export const decidePurgeFailed = (
  state: AppState,
  installId: string,
  error: string,
): StepDecision => {
  const app = state.intent;
  if (app?.uninstall?.phase !== "purging" || app.installId !== installId) {
    return { kind: "nothing" };
  }
  const next = { ...app, uninstall: { ...app.uninstall, error: error.slice(0, 1_000) } };
  if (isCrashLoop(error)) return { kind: "noted", state: withRow(state, next) };
  return {
    kind: "noted",
    state: withRow(state, next),
    timers: [{ name: "purge", afterMs: purgeAgainMs, command: "purgeAgain", input: { installId } }],
  };
};

/** Tries the purge anew, where it is still to be done. */
export const decidePurgeAgain = (state: AppState, installId: string): StepDecision => {
  const app = state.intent;
  if (app?.uninstall?.phase !== "purging" || app.installId !== installId) {
    return { kind: "nothing" };
  }
  return { kind: "noted", state, effects: [purgeEffect(app)] };
};
