/** The actor of one app: who wants what of it, since when and why. */
import { type Decision, defineActor, type Facts, type More, type Turn } from "../define-actor.ts";
import { decideDesired, decideInstall, type IntentDecision } from "./decide-intent.ts";
import {
  type AppIntentRow,
  type AppState,
  appIntentRow,
  appState,
  changeInput,
  installInput,
  intentAnswer,
  neverInstalled,
} from "./intent.ts";

const change = {
  input: changeInput,
  output: intentAnswer,
  refusals: ["not-found", "no-principal"],
} as const;

/** Protocol of apps; the id is the app's. Commands need a principal and a reason. */
export const appProtocol = defineActor({
  kind: "app",
  state: appState,
  commands: {
    install: { input: installInput, output: intentAnswer, refusals: ["exists", "no-principal"] },
    enable: change,
    disable: change,
  },
});
export type AppCommands = (typeof appProtocol)["commands"];

/** What events and audit carry of an intent: settings may hold secrets and stay out. */
const eventPart = ({ desiredStatus, version, generation, intentId }: AppIntentRow) => ({
  desiredStatus,
  version,
  generation,
  intentId,
});

const intentChanged = ({
  previous,
  next,
}: Extract<IntentDecision<never>, { kind: "changed" }>): More => ({
  events: [
    {
      type: "app.intent.changed",
      reason: next.reason,
      data: { previous: previous && eventPart(previous), next: eventPart(next) },
    },
  ],
});

const setDesired =
  (desiredStatus: "enabled" | "disabled") =>
  (
    turn: Turn<AppState, typeof change>,
    state: AppState,
    { reason }: { readonly reason: string },
    facts: Facts,
  ): Decision<typeof change> => {
    const decision = decideDesired(state, desiredStatus, reason, facts);
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
    install: (turn, state, input, facts) => {
      const decision = decideInstall(state, facts.self.id, input, facts);
      if (decision.kind === "refused") return turn.refuse(decision.refusal);
      if (decision.kind === "unchanged") return turn.reply({ app: decision.app, changed: false });
      return turn
        .next(decision.state, intentChanged(decision))
        .reply({ app: decision.next, changed: true });
    },
    enable: setDesired("enabled"),
    disable: setDesired("disabled"),
  },
});
