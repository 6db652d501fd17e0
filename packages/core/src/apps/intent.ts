/**
 * What administrators want of one app, as its actor keeps it and as every node sees it. Only the
 * actor writes it (I11).
 */
import { z } from "zod";
import { idPattern } from "../model/ids.ts";
import { AppDesiredStatus } from "./model.ts";
import { appLicence, appSettings } from "./settings.ts";

/** Changes of intent that an app's history keeps; older ones are dropped and counted. */
export const maxHistory = 50;

const reservedIds: ReadonlySet<string> = new Set(["compare", "diff", "installed", "reconcile"]);

export const appId = z
  .string("must be an id such as crm-sync")
  .regex(idPattern, "must match [a-z0-9][a-z0-9._-]{0,63}")
  .refine((id) => !reservedIds.has(id), "is a reserved word of the API");
export const appVersion = z
  .string("must be a version such as 1.4.0")
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/, "must match [0-9A-Za-z][0-9A-Za-z.+_-]{0,63}");
export const packageRef = z
  .string("must be text")
  .min(1, "must not be empty")
  .max(4_096, "must be at most 4096 characters");
export const changeReason = z
  .string("a reason of 1 to 500 characters is required")
  .trim()
  .min(1, "a reason of 1 to 500 characters is required")
  .max(500, "a reason of 1 to 500 characters is required");

export const appManagement = z.enum(["enforce", "observe"], 'must be "enforce" or "observe"');

const instant = z.int().nonnegative();

/** The list row of an app: everything that replicas and listings need. Newer fields are passed over. */
export const appIntentRow = z.object({
  id: z.string(),
  version: appVersion,
  ref: packageRef.nullable(),
  settings: appSettings,
  /** Text that the host, or the app, checks; `null` where none was given. */
  licence: appLicence.nullable().default(null),
  desiredStatus: z.enum(AppDesiredStatus),
  management: appManagement,
  /** Grows by one with each change of intent: for order and display. */
  generation: z.int().positive(),
  /** Random, new with each change of intent: what convergence compares. */
  intentId: z.string(),
  /** The `intentId` under which desired status took its present value. */
  desiredIntentId: z.string(),
  by: z.string(),
  reason: z.string(),
  /** Redis time of the last change of intent. */
  at: instant,
});
export type AppIntentRow = Readonly<z.output<typeof appIntentRow>>;

/** What a change of intent was about, as history and audit name it. */
export const intentChange = z.enum([
  "installed",
  "enabled",
  "disabled",
  "settings",
  "licence",
  "management",
]);
export type IntentChange = z.output<typeof intentChange>;

const historyEntry = z.strictObject({
  change: intentChange,
  generation: z.int().positive(),
  intentId: z.string(),
  desiredStatus: z.enum(AppDesiredStatus),
  version: z.string(),
  by: z.string(),
  reason: z.string(),
  at: instant,
});

/** State of an app's actor. Without an intent the app was never installed. */
export const appState = z.strictObject({
  intent: appIntentRow.nullable(),
  /** Oldest first. Nothing since `coveredFrom` is missing; `dropped` counts what came before. */
  history: z.strictObject({
    coveredFrom: instant,
    dropped: z.int().nonnegative(),
    entries: z.array(historyEntry).max(maxHistory),
  }),
});
export type AppState = z.output<typeof appState>;

export const neverInstalled: AppState = Object.freeze({
  intent: null,
  history: { coveredFrom: 0, dropped: 0, entries: [] },
});

/** What a person asks for when installing an app. */
export const installInput = z.strictObject({
  version: appVersion,
  ref: packageRef.optional(),
  desiredStatus: z.enum(["enabled", "disabled"]).optional(),
  settings: appSettings.optional(),
  licence: appLicence.optional(),
  reason: changeReason,
});
export type InstallInput = z.output<typeof installInput>;

export const changeInput = z.strictObject({ reason: changeReason });
export const settingsInput = z.strictObject({ settings: appSettings, reason: changeReason });
/** `null` takes the licence away. */
export const licenceInput = z.strictObject({
  licence: appLicence.nullable(),
  reason: changeReason,
});
export const manageInput = z.strictObject({ mode: appManagement, reason: changeReason });

/** Answer of every command that may change intent. */
export const intentAnswer = z.strictObject({ app: appIntentRow, changed: z.boolean() });
export type IntentAnswer = z.output<typeof intentAnswer>;
