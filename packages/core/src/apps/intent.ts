/**
 * What administrators want of one app, as its actor keeps it and as every node sees it. Only the
 * actor writes it (I11).
 */
import { z } from "zod";
import { idPattern } from "../model/ids.ts";
import { goneHistory, nobodyGone } from "./gone-history.ts";
import { legacyFormats } from "./migration/model.ts";
import { AppDesiredStatus, AppStatus } from "./model.ts";
import { appLicence, appSettings } from "./settings.ts";

/** Changes that an app's history keeps; older ones are dropped and counted. */
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
const appReason = z.object({ code: z.string(), message: z.string() });

/** A package as its host finds it. */
const appPackage = z.object({ version: appVersion, ref: packageRef.nullable() });
export type AppPackage = Readonly<z.output<typeof appPackage>>;

/** An update that some nodes make first. */
export const appRollout = z.object({
  /** `halted`: the first nodes did not get there; the others keep what they have. */
  phase: z.enum(["canary", "halted"]),
  /** So many nodes move first. */
  count: z.int().positive(),
  /** Which they are; none until they were chosen. */
  nodes: z.array(z.string()),
  /** What the others go on running. */
  from: appPackage,
  haltedBy: z.object({ nodeId: z.string(), reason: appReason }).nullable(),
  since: instant,
});
export type AppRollout = Readonly<z.output<typeof appRollout>>;

/** The part of an intent that nodes act on, apart from who asked for it. */
const followed = z.object({
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
  rollout: appRollout.nullable().default(null),
});
export type FollowedIntent = Readonly<z.output<typeof followed>>;

/** Somebody answers for leaving something as it is, for a while. */
const hold = {
  owner: z.string(),
  by: z.string(),
  reason: z.string(),
  at: instant,
  until: instant,
};
const appPause = z.object({
  ...hold,
  /** What nodes go on following, once intent has changed during the pause. */
  held: followed.nullable(),
});
export type AppPause = Readonly<z.output<typeof appPause>>;
const driftAck = z.object({
  ...hold,
  /** Reason codes of the drift that is known; another one is new drift. */
  causes: z.array(z.string()),
});
export type DriftAck = Readonly<z.output<typeof driftAck>>;

/** How far an uninstall has come. */
const appUninstall = z.object({
  phase: z.enum(["tearing-down", "purging", "purged"]),
  since: instant,
  /** From then on the purge waits for nobody. */
  boundAt: instant,
  /** Live nodes that have not confirmed their tear-down. */
  waitingFor: z.array(z.object({ nodeId: z.string(), reason: appReason })),
  /** Why the purge was not done yet. */
  error: z.string().nullable(),
  purgedAt: instant.nullable(),
  /** Every node that could have had it has come back or was reaped: it is in no list any more. */
  forgotten: z.boolean(),
});
export type AppUninstall = Readonly<z.output<typeof appUninstall>>;

/** Came from a server that knew a single status. */
const appMigrated = z.object({
  /** What nodes are shown with until they report. */
  initStatus: z.enum(AppStatus),
  /** Of the intent that it says so for: a later one is shown as it is. */
  intentId: z.string(),
});

/** The list row of an app: everything that replicas and listings need. Newer fields are passed over. */
export const appIntentRow = followed.extend({
  id: z.string(),
  by: z.string(),
  reason: z.string(),
  /** Redis time of the last change of intent. */
  at: instant,
  /** Grows with each change of this row, also of what leaves intent as it is. */
  revision: instant.default(0),
  /** The `intentId` under which it was installed: a later one is another installation. */
  installId: z.string().default(""),
  /** What `rollback` goes back to. */
  previous: appPackage.nullable().default(null),
  paused: appPause.nullable().default(null),
  ack: driftAck.nullable().default(null),
  uninstall: appUninstall.nullable().default(null),
  /** Stays for ever: an app is migrated once. */
  migrated: appMigrated.nullable().default(null),
});
export type AppIntentRow = Readonly<z.output<typeof appIntentRow>>;

/** Tells whether an app is there no more: what is left of it only keeps its generation. */
export const isPurged = ({ uninstall }: Pick<AppIntentRow, "uninstall">): boolean =>
  uninstall?.phase === "purged";

/** What a change was about, as history and audit name it. */
export const appChangeKind = z.enum([
  "installed",
  "enabled",
  "disabled",
  "settings",
  "licence",
  "management",
  "updated",
  "rolled_back",
  "promoted",
  "halted",
  "uninstalled",
  "purged",
  "paused",
  "resumed",
  "pause_ended",
  "drift_acknowledged",
  "acknowledgement_ended",
  "migrated",
  "migration_noted",
]);
export type AppChangeKind = z.output<typeof appChangeKind>;

const historyEntry = z.strictObject({
  change: appChangeKind,
  generation: z.int().positive(),
  intentId: z.string(),
  desiredStatus: z.enum(AppDesiredStatus),
  version: z.string(),
  by: z.string(),
  reason: z.string(),
  at: instant,
});

/** Oldest first. Nothing since `coveredFrom` is missing; `dropped` counts what came before. */
export const appHistory = z.strictObject({
  coveredFrom: instant,
  dropped: z.int().nonnegative(),
  entries: z.array(historyEntry).max(maxHistory),
  /** What became of the app on nodes that are no more. */
  gone: goneHistory.default(nobodyGone),
});

/** The record an app was migrated from, and what it came to. */
export const legacyKept = z.strictObject({
  /** JSON, word for word; `null` once the app is purged. */
  record: z.string().nullable(),
  format: z.enum(legacyFormats),
  desiredStatus: z.enum(AppDesiredStatus),
  version: z.string(),
});
export type LegacyKept = Readonly<z.output<typeof legacyKept>>;

/** State of an app's actor. Without an intent the app was never installed. */
export const appState = z.strictObject({
  intent: appIntentRow.nullable(),
  history: appHistory,
  legacy: legacyKept.nullable().default(null),
});
export type AppState = z.output<typeof appState>;

export const neverInstalled: AppState = Object.freeze({
  intent: null,
  history: { coveredFrom: 0, dropped: 0, entries: [], gone: nobodyGone },
  legacy: null,
});
