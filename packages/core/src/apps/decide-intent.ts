/** Decides changes of an app's intent. Pure; the only place that makes a new intent (I11). */
import { type AppIntentRow, type AppState, type InstallInput, maxHistory } from "./intent.ts";
import { sameSettings } from "./settings.ts";

export type IntentRefusal = "exists" | "not-found" | "no-principal";

/** What deciders need to know of a turn; a part of the actor's facts. */
export interface IntentFacts {
  readonly now: number;
  readonly turnId: string;
  readonly principal: string | undefined;
}

export type IntentDecision<R extends IntentRefusal> =
  | {
      readonly kind: "changed";
      readonly state: AppState;
      readonly previous: AppIntentRow | null;
      readonly next: AppIntentRow;
    }
  /** What is asked for holds already: a success that keeps the generation. */
  | { readonly kind: "unchanged"; readonly app: AppIntentRow }
  | { readonly kind: "refused"; readonly refusal: R };

/** What a change says; the rest of an intent is given to it. */
type Wanted = Pick<
  AppIntentRow,
  "id" | "version" | "ref" | "settings" | "desiredStatus" | "management" | "by" | "reason"
>;

/** An uninstalled app leaves its intent as a tombstone, so that generations go on growing. */
const installed = (state: AppState): AppIntentRow | undefined =>
  state.intent === null || state.intent.desiredStatus === "uninstalled" ? undefined : state.intent;

const changed = (state: AppState, wanted: Wanted, facts: IntentFacts): IntentDecision<never> => {
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
    { generation, intentId, desiredStatus, version, by, reason, at },
  ];
  const entries = all.slice(-maxHistory);
  const dropped = all.length - entries.length;
  const before = previous === null ? at : state.history.coveredFrom;
  const history = {
    entries,
    dropped: state.history.dropped + dropped,
    coveredFrom: dropped > 0 ? (entries[0]?.at ?? at) : before,
  };
  return { kind: "changed", state: { intent: next, history }, previous, next };
};

const asksForMore = (app: AppIntentRow, input: InstallInput): boolean =>
  input.version !== app.version ||
  (input.desiredStatus ?? "enabled") !== app.desiredStatus ||
  (input.ref !== undefined && input.ref !== app.ref) ||
  (input.settings !== undefined && !sameSettings(input.settings, app.settings));

/** Installs an app; asking again for what is there changes nothing. */
export const decideInstall = (
  state: AppState,
  id: string,
  input: InstallInput,
  facts: IntentFacts,
): IntentDecision<"exists" | "no-principal"> => {
  if (facts.principal === undefined) return { kind: "refused", refusal: "no-principal" };
  const app = installed(state);
  if (app) {
    return asksForMore(app, input)
      ? { kind: "refused", refusal: "exists" }
      : { kind: "unchanged", app };
  }
  return changed(
    state,
    {
      id,
      version: input.version,
      ref: input.ref ?? null,
      settings: input.settings ?? {},
      desiredStatus: input.desiredStatus ?? "enabled",
      management: "enforce",
      by: facts.principal,
      reason: input.reason,
    },
    facts,
  );
};

/** Sets desired status; what is set already keeps its generation. */
export const decideDesired = (
  state: AppState,
  desiredStatus: "enabled" | "disabled",
  reason: string,
  facts: IntentFacts,
): IntentDecision<"not-found" | "no-principal"> => {
  if (facts.principal === undefined) return { kind: "refused", refusal: "no-principal" };
  const app = installed(state);
  if (!app) return { kind: "refused", refusal: "not-found" };
  if (app.desiredStatus === desiredStatus) return { kind: "unchanged", app };
  return changed(state, { ...app, desiredStatus, reason, by: facts.principal }, facts);
};
