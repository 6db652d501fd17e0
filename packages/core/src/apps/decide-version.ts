/**
 * Decides updates, on all nodes at once or on some first, and the way back. Pure.
 *
 *   update ──▶ done                                    rollback, update ──▶ a new intent
 *   update with canary ──▶ canary ──all confirmed──▶ done (promoted)
 *                             └──one failed, or 10 min──▶ halted
 */
import {
  byItself,
  changeable,
  changeIntent,
  type IntentDecision,
  type IntentFacts,
  noteChange,
  refused,
  type StepDecision,
  withRow,
} from "./change-intent.ts";
import type { NodeStanding, Survey, UpdateInput } from "./commands.ts";
import type { AppIntentRow, AppPackage, AppState } from "./intent.ts";
import { surveyEffect } from "./survey-effect.ts";

/** Time for the first nodes to get there, in milliseconds. */
export const canaryMs = 600_000;

const packageOf = ({ version, ref }: AppIntentRow): AppPackage => ({ version, ref });
const samePackage = (a: AppPackage, b: AppPackage): boolean =>
  a.version === b.version && a.ref === b.ref;

/**
 * Replaces the package; desired status is left as it is. Asking again for a version that is on its
 * way, without canary, moves all nodes that are left.
 */
export const decideUpdate = (
  state: AppState,
  { canary, reason, ref, version }: UpdateInput,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  const { app, by } = found;
  const wanted = { version, ref: ref ?? null };
  const { rollout } = app;
  if (samePackage(app, wanted) && (canary !== undefined || rollout === null)) {
    return { kind: "unchanged", app };
  }
  // What is only on its way is nothing to go back to.
  const from = rollout?.from ?? packageOf(app);
  const next = {
    ...app,
    ...wanted,
    // Whoever goes back to it by an update goes back, by a roll-back, to what was on its way.
    previous: samePackage(from, wanted) ? packageOf(app) : from,
    rollout:
      canary === undefined
        ? null
        : {
            ...{ phase: "canary" as const, count: canary, nodes: [], from },
            ...{ haltedBy: null, since: facts.now },
          },
    by,
    reason,
  };
  return changeIntent(state, "updated", next, facts);
};

/** Goes back to the version before the last update. */
export const decideRollback = (
  state: AppState,
  reason: string,
  facts: IntentFacts,
): IntentDecision => {
  const found = changeable(state, facts);
  if (found.kind === "refused") return found;
  const { app, by } = found;
  const target = app.rollout?.from ?? app.previous;
  if (target === null) return refused("no-previous");
  const next = { ...app, ...target, previous: packageOf(app), rollout: null, by, reason };
  return changeIntent(state, "rolled_back", next, facts);
};

const promote = (state: AppState, app: AppIntentRow, facts: IntentFacts): StepDecision => {
  const names = app.rollout?.nodes.join(", ");
  const why = { by: byItself, reason: `${names} run ${app.version}: all others follow` };
  return noteChange(state, "promoted", { ...app, rollout: null }, why, facts);
};

const halt = (
  state: AppState,
  app: AppIntentRow,
  { nodeId, reason }: Pick<NodeStanding, "nodeId" | "reason">,
  facts: IntentFacts,
): StepDecision => {
  const because = reason ?? {
    code: "not_confirmed",
    message: `it was not there within ${canaryMs / 60_000} min`,
  };
  const why = { by: byItself, reason: `${nodeId}: ${because.message}`.slice(0, 500) };
  const rollout = app.rollout && {
    ...app.rollout,
    phase: "halted" as const,
    haltedBy: { nodeId, reason: because },
  };
  return noteChange(state, "halted", { ...app, rollout }, why, facts);
};

/** The first nodes by their ids: whoever decides it, it is the same ones. */
const choose = (
  state: AppState,
  app: AppIntentRow,
  known: readonly NodeStanding[],
): StepDecision => {
  const ids = known.map(({ nodeId }) => nodeId).sort();
  const rollout = app.rollout && { ...app.rollout, nodes: ids.slice(0, app.rollout.count) };
  const next = withRow(state, { ...app, rollout });
  return { kind: "noted", state: next, effects: [surveyEffect(next.intent, "canary")] };
};

/** What the first nodes have made of an update: on to all, an end, or another look. */
export const decideCanary = (
  state: AppState,
  intentId: string,
  survey: Survey,
  facts: IntentFacts,
): StepDecision => {
  const app = state.intent;
  const rollout = app?.rollout;
  // A pause begins the survey anew when it ends.
  if (!app || app.intentId !== intentId || rollout?.phase !== "canary" || app.paused) {
    return { kind: "nothing" };
  }
  const { complete, nodes } = survey;
  if (rollout.nodes.length === 0 && nodes.length > 0) return choose(state, app, nodes);
  const failed = nodes.find(({ standing }) => standing === "failed");
  if (failed) return halt(state, app, failed, facts);
  const pending = nodes.find(({ standing }) => standing !== "confirmed");
  if (complete && !pending && nodes.length > 0) return promote(state, app, facts);
  if (facts.now - rollout.since >= canaryMs) {
    return halt(state, app, pending ?? { nodeId: "no node", reason: null }, facts);
  }
  return { kind: "noted", state, effects: [surveyEffect(app, "canary")] };
};
