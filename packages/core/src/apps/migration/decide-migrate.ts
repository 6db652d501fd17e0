/**
 * Decides what a legacy record does to an app. Once for each app, and never against what somebody
 * has decided about it here (I11): an app that was only installed takes what the record says, since
 * an install is how a server makes its apps known. Pure.
 */
import {
  type ChangedIntent,
  changeIntent,
  type IntentFacts,
  noteChange,
} from "../change-intent.ts";
import type { MigrateInput } from "../commands.ts";
import type { AppIntentRow, AppState } from "../intent.ts";

/** Why a mapped record may be declined: an app that is not there needs a version. */
export const migrateRefusals = ["no-principal", "no-version"] as const;
export type MigrateRefusal = (typeof migrateRefusals)[number];

/** What a record comes to, from what is there. */
export type MigrationJudgement =
  | { readonly kind: "install"; readonly version: string }
  /** Its desired status changes. */
  | { readonly kind: "change"; readonly app: AppIntentRow }
  /** It is as the record says: only where it came from is noted. */
  | { readonly kind: "note"; readonly app: AppIntentRow }
  | { readonly kind: "stands"; readonly outcome: "already" | "kept"; readonly app: AppIntentRow }
  | { readonly kind: "refused"; readonly refusal: MigrateRefusal };

type Wanted = Pick<MigrateInput, "desiredStatus" | "version">;

/** Nobody has said anything of it but that it be there. */
const isOnlyInstalled = ({ desiredIntentId, desiredStatus, installId }: AppIntentRow): boolean =>
  desiredStatus === "enabled" && desiredIntentId === installId;

/** Says what a record would do; the same for a dry run and for the real one. */
export const judgeMigration = (
  intent: AppIntentRow | null,
  { desiredStatus, version }: Wanted,
): MigrationJudgement => {
  if (intent === null) {
    return version === undefined
      ? { kind: "refused", refusal: "no-version" }
      : { kind: "install", version };
  }
  const app = intent;
  const isSame = app.desiredStatus === desiredStatus;
  if (app.migrated) return { kind: "stands", outcome: isSame ? "already" : "kept", app };
  if (isSame) return { kind: "note", app };
  return isOnlyInstalled(app) ? { kind: "change", app } : { kind: "stands", outcome: "kept", app };
};

export type MigrateDecision =
  | {
      readonly kind: "migrated";
      readonly changed: ChangedIntent;
      /** False where only the note is new. */
      readonly isNewIntent: boolean;
    }
  | {
      readonly kind: "stands";
      readonly answer: { readonly app: AppIntentRow; readonly outcome: "already" | "kept" };
    }
  | { readonly kind: "refused"; readonly refusal: MigrateRefusal };

export const decideMigrate = (
  state: AppState,
  id: string,
  input: MigrateInput,
  facts: IntentFacts,
): MigrateDecision => {
  const { principal: by, turnId } = facts;
  if (by === undefined) return { kind: "refused", refusal: "no-principal" };
  const judged = judgeMigration(state.intent, input);
  if (judged.kind === "refused") return judged;
  if (judged.kind === "stands") {
    return { kind: "stands", answer: { app: judged.app, outcome: judged.outcome } };
  }
  const { desiredStatus, format, initStatus, reason, record } = input;
  const kept = (version: string): AppState => ({
    ...state,
    legacy: { record, format, desiredStatus, version },
  });
  if (judged.kind === "note") {
    const { app } = judged;
    const migrated = { initStatus, intentId: app.intentId };
    const changed = noteChange(
      kept(app.version),
      "migration_noted",
      { ...app, migrated },
      { by, reason },
      facts,
    );
    return { kind: "migrated", changed, isNewIntent: false };
  }
  const migrated = { initStatus, intentId: turnId };
  if (judged.kind === "change") {
    const { app } = judged;
    const wanted = { ...app, desiredStatus, migrated, by, reason };
    const changed = changeIntent(kept(app.version), "migrated", wanted, facts);
    return { kind: "migrated", changed, isNewIntent: true };
  }
  const { version } = judged;
  const wanted = {
    id,
    version,
    ref: input.ref ?? null,
    settings: input.settings ?? {},
    licence: null,
    desiredStatus,
    management: "enforce",
    rollout: null,
    installId: turnId,
    previous: null,
    paused: null,
    ack: null,
    uninstall: null,
    migrated,
    by,
    reason,
  } as const;
  const changed = changeIntent(kept(version), "migrated", wanted, facts);
  return { kind: "migrated", changed, isNewIntent: true };
};
