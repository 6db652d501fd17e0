/** Starts a look at what the nodes have made of an intent. */
import type { EffectStart } from "../define-actor.ts";
import type { SurveyInput } from "./commands.ts";
import type { AppIntentRow } from "./intent.ts";

/** Each survey is an effect of its own: its outcome decides whether there is another. */
export const surveyEffect = (
  { id: appId, intentId, revision, rollout }: AppIntentRow,
  purpose: SurveyInput["purpose"],
): EffectStart => {
  const nodes = purpose === "canary" ? [...(rollout?.nodes ?? [])] : [];
  const input: SurveyInput = { appId, intentId, revision, purpose, nodes };
  return { effect: "survey", input };
};
