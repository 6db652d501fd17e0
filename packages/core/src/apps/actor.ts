/** The actor of one app: who wants what of it, since when and why. */
import type { z } from "zod";
import { type Decision, defineActor, type Facts, type More, type Turn } from "../define-actor.ts";
import { type ChangedIntent, type IntentDecision, intentRefusals } from "./change-intent.ts";
import { decideLicence, decideManagement, decideSettings } from "./decide-inputs.ts";
import { decideDesired, decideInstall } from "./decide-intent.ts";
import {
  type AppIntentRow,
  type AppState,
  appIntentRow,
  appState,
  changeInput,
  installInput,
  intentAnswer,
  licenceInput,
  manageInput,
  neverInstalled,
  settingsInput,
} from "./intent.ts";
import { settingsHash } from "./settings.ts";

const answer = { output: intentAnswer, refusals: intentRefusals } as const;
type Change<I> = typeof answer & { readonly input: I };

/** Protocol of apps; the id is the app's. Commands need a principal and a reason. */
export const appProtocol = defineActor({
  kind: "app",
  state: appState,
  commands: {
    install: { input: installInput, ...answer },
    enable: { input: changeInput, ...answer },
    disable: { input: changeInput, ...answer },
    settings: { input: settingsInput, ...answer },
    licence: { input: licenceInput, ...answer },
    manage: { input: manageInput, ...answer },
  },
});
export type AppCommands = (typeof appProtocol)["commands"];

/** What events and audit carry of an intent: settings and licence may be secret and stay out. */
const eventPart = (intent: AppIntentRow) => ({
  desiredStatus: intent.desiredStatus,
  version: intent.version,
  management: intent.management,
  settingsHash: settingsHash(intent.settings),
  hasLicence: intent.licence !== null,
  generation: intent.generation,
  intentId: intent.intentId,
});

const intentChanged = ({ change, previous, next }: ChangedIntent): More => ({
  events: [
    {
      type: "app.intent.changed",
      reason: next.reason,
      data: { change, previous: previous && eventPart(previous), next: eventPart(next) },
    },
  ],
});

type Handler<I extends z.ZodType> = (
  turn: Turn<AppState, Change<I>>,
  state: AppState,
  input: z.output<I>,
  facts: Facts,
) => Decision<Change<I>>;

/** Turns a pure decision into the handler of a command. */
const changes =
  <I extends z.ZodType>(
    _input: I,
    decide: (state: AppState, input: z.output<I>, facts: Facts) => IntentDecision,
  ): Handler<I> =>
  (turn, state, input, facts) => {
    const decision = decide(state, input, facts);
    if (decision.kind === "refused") return turn.refuse(decision.refusal);
    if (decision.kind === "unchanged") return turn.reply({ app: decision.app, changed: false });
    return turn
      .next(decision.state, intentChanged(decision))
      .reply({ app: decision.next, changed: true });
  };

export const AppActor = appProtocol.implement({
  initial: () => neverInstalled,
  view: (state) => state.intent ?? undefined,
  row: appIntentRow,
  on: {
    install: changes(installInput, (state, input, facts) =>
      decideInstall(state, facts.self.id, input, facts),
    ),
    enable: changes(changeInput, (state, { reason }, facts) =>
      decideDesired(state, "enabled", reason, facts),
    ),
    disable: changes(changeInput, (state, { reason }, facts) =>
      decideDesired(state, "disabled", reason, facts),
    ),
    settings: changes(settingsInput, (state, { settings, reason }, facts) =>
      decideSettings(state, settings, reason, facts),
    ),
    licence: changes(licenceInput, (state, { licence, reason }, facts) =>
      decideLicence(state, licence, reason, facts),
    ),
    manage: changes(manageInput, (state, { mode, reason }, facts) =>
      decideManagement(state, mode, reason, facts),
    ),
  },
});
