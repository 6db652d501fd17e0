/** The actor of one app: who wants what of it, since when and why, and what follows by itself. */
import type { z } from "zod";
import {
  type Decision,
  defineEffect,
  type EffectContext,
  type Facts,
  type More,
  type Turn,
} from "../define-actor.ts";
import type { IntentDecision, StepDecision } from "./change-intent.ts";
import {
  ackInput,
  changeInput,
  holdEnded,
  installInput,
  licenceInput,
  manageInput,
  nodeGoneInput,
  ofInstallation,
  type PurgeInput,
  pauseInput,
  purgedInput,
  purgeFailedInput,
  purgeInput,
  type Survey,
  type SurveyInput,
  settingsInput,
  surveyedInput,
  surveyFailedInput,
  surveyInput,
  surveyOutput,
  uninstallInput,
  updateInput,
} from "./commands.ts";
import {
  decideAck,
  decideAckEnded,
  decidePause,
  decidePauseEnded,
  decideResume,
} from "./decide-hold.ts";
import { decideLicence, decideManagement, decideSettings } from "./decide-inputs.ts";
import { decideDesired, decideInstall } from "./decide-intent.ts";
import {
  decideForgotten,
  decidePurgeAgain,
  decidePurged,
  decidePurgeFailed,
  decideTornDown,
  decideUninstall,
} from "./decide-uninstall.ts";
import { decideCanary, decideRollback, decideUpdate } from "./decide-version.ts";
import { appEvent } from "./events.ts";
import { keepHistoryOf } from "./gone-history.ts";
import { type AppState, appIntentRow, neverInstalled } from "./intent.ts";
import { decideMigrate } from "./migration/decide-migrate.ts";
import { type answered, appProtocol } from "./protocol.ts";
import { surveyEffect } from "./survey-effect.ts";

/** What the actor needs of the node that owns it; only effects reach for it. */
export interface AppActorOutside {
  /** Waits until the nodes have come to something, or for a while, and tells what. */
  survey(input: SurveyInput, signal: AbortSignal): Promise<Survey>;
  /** Removes what the app left outside of nodes. */
  purge(input: PurgeInput, context: EffectContext): Promise<void>;
}

type Change<I> = typeof answered & { readonly input: I };
type ChangeHandler<I extends z.ZodType> = (
  turn: Turn<AppState, Change<I>>,
  state: AppState,
  input: z.output<I>,
  facts: Facts,
) => Decision<Change<I>>;
type Step<I> = { readonly input: I };
type StepHandler<I extends z.ZodType> = (
  turn: Turn<AppState, Step<I>>,
  state: AppState,
  input: z.output<I>,
  facts: Facts,
) => Decision<Step<I>>;

const moreOf = (decision: Exclude<StepDecision, { kind: "nothing" }>): More => ({
  ...(decision.kind === "changed" && { events: [appEvent(decision)] }),
  ...(decision.timers && { timers: decision.timers }),
  ...(decision.effects && { effects: decision.effects }),
});

/** Turns a pure decision into the handler of a command of people. */
const change =
  <I extends z.ZodType>(
    _input: I,
    decide: (state: AppState, input: z.output<I>, facts: Facts) => IntentDecision,
  ): ChangeHandler<I> =>
  (turn, state, input, facts) => {
    const decision = decide(state, input, facts);
    if (decision.kind === "refused") return turn.refuse(decision.refusal);
    if (decision.kind === "unchanged") return turn.reply({ app: decision.app, changed: false });
    return turn.next(decision.state, moreOf(decision)).reply({ app: decision.next, changed: true });
  };

/** Turns a pure decision into the handler of what follows by itself. */
const step =
  <I extends z.ZodType>(
    _input: I,
    decide: (state: AppState, input: z.output<I>, facts: Facts) => StepDecision,
  ): StepHandler<I> =>
  (turn, state, input, facts) => {
    const decision = decide(state, input, facts);
    if (decision.kind === "nothing") return turn.reply();
    return turn.next(decision.state, moreOf(decision)).reply();
  };

const surveyAgainMs = 5_000;

const decideSurveyed = (
  state: AppState,
  { intentId, purpose }: SurveyInput,
  survey: Survey,
  facts: Facts,
): StepDecision =>
  purpose === "canary"
    ? decideCanary(state, intentId, survey, facts)
    : decideTornDown(state, intentId, survey, facts);

/** A survey that nobody waits for any more is not begun again. */
const decideSurveyAgain = (state: AppState, { intentId, purpose }: SurveyInput): StepDecision => {
  const app = state.intent;
  const isWanted =
    purpose === "canary"
      ? app?.rollout?.phase === "canary" && app.paused === null
      : app?.uninstall?.phase === "tearing-down";
  if (!app || app.intentId !== intentId || !isWanted) return { kind: "nothing" };
  return { kind: "noted", state, effects: [surveyEffect(app, purpose)] };
};

const decideSurveyFailed = (state: AppState, input: SurveyInput): StepDecision => ({
  kind: "noted",
  state,
  timers: [{ name: "survey", afterMs: surveyAgainMs, command: "surveyAgain", input }],
});

/** Makes the kind of apps for one node. */
export const createAppActor = (outside: AppActorOutside) =>
  appProtocol.implement({
    initial: () => neverInstalled,
    view: ({ intent }) => (intent === null || intent.uninstall?.forgotten ? undefined : intent),
    row: appIntentRow,
    effects: {
      survey: defineEffect({
        input: surveyInput,
        output: surveyOutput,
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "surveyed",
        failed: "surveyFailed",
        run: (input, { signal }) => outside.survey(input, signal),
      }),
      purge: defineEffect({
        input: purgeInput,
        output: purgedInput.shape.output,
        timeoutMs: 120_000,
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "purged",
        failed: "purgeFailed",
        run: async (input, context) => {
          await outside.purge(input, context);
          return null;
        },
      }),
    },
    on: {
      install: change(installInput, (state, input, facts) =>
        decideInstall(state, facts.self.id, input, facts),
      ),
      enable: change(changeInput, (state, { reason }, facts) =>
        decideDesired(state, "enabled", reason, facts),
      ),
      disable: change(changeInput, (state, { reason }, facts) =>
        decideDesired(state, "disabled", reason, facts),
      ),
      update: change(updateInput, decideUpdate),
      rollback: change(changeInput, (state, { reason }, facts) =>
        decideRollback(state, reason, facts),
      ),
      uninstall: change(uninstallInput, decideUninstall),
      settings: change(settingsInput, (state, { settings, reason }, facts) =>
        decideSettings(state, settings, reason, facts),
      ),
      licence: change(licenceInput, (state, { licence, reason }, facts) =>
        decideLicence(state, licence, reason, facts),
      ),
      manage: change(manageInput, (state, { mode, reason }, facts) =>
        decideManagement(state, mode, reason, facts),
      ),
      pause: change(pauseInput, decidePause),
      resume: change(changeInput, (state, { reason }, facts) => decideResume(state, reason, facts)),
      ackDrift: change(ackInput, decideAck),

      pauseEnded: step(holdEnded, (state, { until }, facts) =>
        decidePauseEnded(state, until, facts),
      ),
      ackEnded: step(holdEnded, (state, { until }, facts) => decideAckEnded(state, until, facts)),
      surveyed: step(surveyedInput, (state, { input, output }, facts) =>
        decideSurveyed(state, input, output, facts),
      ),
      surveyFailed: step(surveyFailedInput, (state, { input }) => decideSurveyFailed(state, input)),
      surveyAgain: step(surveyInput, decideSurveyAgain),
      purged: step(purgedInput, (state, { input }, facts) =>
        decidePurged(state, input.installId, facts),
      ),
      purgeFailed: step(purgeFailedInput, (state, { error, input }) =>
        decidePurgeFailed(state, input.installId, error),
      ),
      purgeAgain: step(ofInstallation, (state, { installId }) =>
        decidePurgeAgain(state, installId),
      ),
      forget: step(ofInstallation, (state, { installId }) => decideForgotten(state, installId)),
      nodeGone: step(nodeGoneInput, (state, { nodeId, history }) =>
        state.intent === null
          ? { kind: "nothing" }
          : { kind: "noted", state: keepHistoryOf(state, nodeId, history) },
      ),
      migrate: (turn, state, input, facts) => {
        const decision = decideMigrate(state, facts.self.id, input, facts);
        if (decision.kind === "refused") return turn.refuse(decision.refusal);
        if (decision.kind === "stands") return turn.reply({ ...decision.answer, changed: false });
        const { changed, isNewIntent } = decision;
        return turn
          .next(changed.state, moreOf(changed))
          .reply({ app: changed.next, outcome: "migrated", changed: isNewIntent });
      },
      legacy: (turn, { intent, legacy }) => turn.reply({ app: intent, legacy }),
      history: (turn, { history, intent }, _, { self }) =>
        intent === null ? turn.refuse("not-found") : turn.reply({ id: self.id, history }),
    },
  });
