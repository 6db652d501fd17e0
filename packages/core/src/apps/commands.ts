/** What the commands of an app's actor take and answer. */
import { z } from "zod";
import {
  appHistory,
  appIntentRow,
  appManagement,
  appVersion,
  changeReason,
  legacyKept,
  packageRef,
} from "./intent.ts";
import { legacyFormats, maxRecordChars } from "./migration/model.ts";
import { AppStatus } from "./model.ts";
import { nodeHistory } from "./node-history.ts";
import { appLicence, appSettings } from "./settings.ts";

const reason = changeReason;
const instant = z.int().nonnegative();

/** What a person asks for when installing an app. */
export const installInput = z.strictObject({
  version: appVersion,
  ref: packageRef.optional(),
  desiredStatus: z.enum(["enabled", "disabled"]).optional(),
  settings: appSettings.optional(),
  licence: appLicence.optional(),
  reason,
});
export type InstallInput = z.output<typeof installInput>;

export const changeInput = z.strictObject({ reason });
export const settingsInput = z.strictObject({ settings: appSettings, reason });
/** `null` takes the licence away. */
export const licenceInput = z.strictObject({ licence: appLicence.nullable(), reason });
export const manageInput = z.strictObject({ mode: appManagement, reason });

export const updateInput = z.strictObject({
  version: appVersion,
  ref: packageRef.optional(),
  /** So many nodes move first; the others follow by themselves. */
  canary: z.int("must be a number of nodes").min(1, "must be at least 1").max(1_000).optional(),
  reason,
});
export type UpdateInput = z.output<typeof updateInput>;

/** One legacy record, mapped. */
export const migrateInput = z.strictObject({
  version: appVersion.optional(),
  ref: packageRef.optional(),
  settings: appSettings.optional(),
  desiredStatus: z.enum(["enabled", "disabled"]),
  initStatus: z.enum(AppStatus),
  record: z.string().max(maxRecordChars),
  format: z.enum(legacyFormats),
  reason,
});
export type MigrateInput = z.output<typeof migrateInput>;

export const uninstallInput = z.strictObject({ force: z.boolean().optional(), reason });
export type UninstallInput = z.output<typeof uninstallInput>;

const holdInput = {
  /** Epoch milliseconds. */
  until: instant,
  /** Who answers for it. @defaultValue whoever asks */
  owner: z.string().trim().min(1).max(200).optional(),
  reason,
};
export const pauseInput = z.strictObject(holdInput);
export type PauseInput = z.output<typeof pauseInput>;
export const ackInput = z.strictObject({
  ...holdInput,
  causes: z.array(z.string().max(100)).min(1).max(100),
});
export type AckInput = z.output<typeof ackInput>;

/** Answer of every command that may change intent. */
export const intentAnswer = z.strictObject({ app: appIntentRow, changed: z.boolean() });
export type IntentAnswer = z.output<typeof intentAnswer>;

export const migrateAnswer = z.strictObject({
  app: appIntentRow,
  outcome: z.enum(["migrated", "already", "kept"]),
  changed: z.boolean(),
});
export const legacyAnswer = z.strictObject({
  app: appIntentRow.nullable(),
  legacy: legacyKept.nullable(),
});

/** A timer of the actor: means nothing once another hold stands. */
export const holdEnded = z.strictObject({ until: instant });

/** A timer that belongs to one installation. */
export const ofInstallation = z.strictObject({ installId: z.string() });

/** What a node that is no more had told of the app. */
export const nodeGoneInput = z.strictObject({ nodeId: z.string(), history: nodeHistory });

/** What the actor asks of the nodes, beside their rows, while an update or an uninstall is going on. */
export const surveyInput = z.strictObject({
  appId: z.string(),
  intentId: z.string(),
  /** Of the row that asks: whoever has an older one cannot tell. */
  revision: z.int(),
  purpose: z.enum(["canary", "uninstall"]),
  /** Nodes it is about; all that are live where none is named. */
  nodes: z.array(z.string()),
});
export type SurveyInput = z.output<typeof surveyInput>;
const nodeStanding = z.object({
  nodeId: z.string(),
  standing: z.enum(["confirmed", "pending", "failed"]),
  reason: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type NodeStanding = Readonly<z.output<typeof nodeStanding>>;
export const surveyOutput = z.object({
  /** False when the node that looked may not have seen everything. */
  complete: z.boolean(),
  nodes: z.array(nodeStanding),
});
export type Survey = Readonly<z.output<typeof surveyOutput>>;

export const purgeInput = z.strictObject({
  appId: z.string(),
  installId: z.string(),
  version: appVersion,
  ref: packageRef.nullable(),
});
export type PurgeInput = z.output<typeof purgeInput>;

/** What an effect tells when it has ended, and when it could not be done. */
const told = <I extends z.ZodType>(input: I) => ({ id: z.string(), input });
const failure = { error: z.string(), attempts: z.number() };
export const surveyedInput = z.object({ ...told(surveyInput), output: surveyOutput });
export const surveyFailedInput = z.object({ ...told(surveyInput), ...failure });
export const purgedInput = z.object({ ...told(purgeInput), output: z.null() });
export const purgeFailedInput = z.object({ ...told(purgeInput), ...failure });

export const historyAnswer = z.strictObject({ id: z.string(), history: appHistory });
