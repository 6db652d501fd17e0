/**
 * Makes a new intent out of the present one, with its entry in the history. Pure; the only place
 * that does (I11).
 */
import { type AppIntentRow, type AppState, type IntentChange, maxHistory } from "./intent.ts";

/** Why a command on an app may be declined. */
export const intentRefusals = ["exists", "not-found", "no-principal"] as const;
export type IntentRefusal = (typeof intentRefusals)[number];

/** What deciders need to know of a turn; a part of the actor's facts. */
export interface IntentFacts {
  readonly now: number;
  readonly turnId: string;
  readonly principal: string | undefined;
}

export interface ChangedIntent {
  readonly kind: "changed";
  readonly change: IntentChange;
  readonly state: AppState;
  readonly previous: AppIntentRow | null;
  readonly next: AppIntentRow;
}
export type IntentDecision =
  | ChangedIntent
  /** What is asked for holds already: a success that keeps the generation. */
  | { readonly kind: "unchanged"; readonly app: AppIntentRow }
  | { readonly kind: "refused"; readonly refusal: IntentRefusal };

/** What a change says; the rest of an intent is given to it. */
type Wanted = Omit<AppIntentRow, "generation" | "intentId" | "desiredIntentId" | "at">;

/** An uninstalled app leaves its intent as a tombstone, so that generations go on growing. */
export const installedApp = ({ intent }: AppState): AppIntentRow | undefined =>
  intent === null || intent.desiredStatus === "uninstalled" ? undefined : intent;

/** Gives what is wanted its generation and identity, and notes it in the history. */
export const changeIntent = (
  state: AppState,
  change: IntentChange,
  wanted: Wanted,
  facts: IntentFacts,
): ChangedIntent => {
  const previous = state.intent;
  const next: AppIntentRow = {
    ...wanted,
    generation: (previous?.generation ?? 0) + 1,
    intentId: facts.turnId,
    desiredIntentId:
      previous?.desiredStatus === wanted.desiredStatus ? previous.desiredIntentId : facts.turnId,
    at: facts.now,
  };
  const { generation, intentId, desiredStatus, version, by, reason, at } = next;
  const all = [
    ...state.history.entries,
    { change, generation, intentId, desiredStatus, version, by, reason, at },
  ];
  const entries = all.slice(-maxHistory);
  const dropped = all.length - entries.length;
  const before = previous === null ? at : state.history.coveredFrom;
  const history = {
    entries,
    dropped: state.history.dropped + dropped,
    coveredFrom: dropped > 0 ? (entries[0]?.at ?? at) : before,
  };
  return { kind: "changed", change, state: { intent: next, history }, previous, next };
};
