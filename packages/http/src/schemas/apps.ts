import { AppDesiredStatus, AppStatus } from "@muster/core";
import { z } from "zod";
import { freshness, id, instant, optionalFlag, pageQuery, reason } from "./shared.ts";

const desiredStatus = z.enum(AppDesiredStatus);
const initStatus = z.enum(AppStatus);
const management = z.enum(["enforce", "observe"]);

const rowReason = z.object({ code: z.string(), message: z.string() });

export const appRow = z.object({
  appId: z.string(),
  nodeId: z.string(),
  incarnation: z.string().nullable(),
  nodeState: z.string(),
  isLocal: z.boolean(),
  desiredStatus,
  generation: z.number().int(),
  intentId: z.string(),
  initStatus,
  observedGeneration: z.number().int().nullable(),
  observedIntentId: z.string().nullable(),
  version: z.string().nullable(),
  packageDigest: z.string().nullable(),
  settingsHash: z.string().nullable(),
  runtime: z.string().nullable(),
  converged: z.boolean(),
  reason: rowReason.nullable(),
  attempts: z.number().int(),
  nextAttemptAt: instant.nullable(),
  lastError: z.string().nullable(),
  since: instant.nullable(),
  reportedAt: instant.nullable(),
  stale: z.boolean(),
});

const nodeReason = z.object({ nodeId: z.string(), reason: rowReason });
const rollout = z.object({
  phase: z.enum(["canary", "halted"]),
  nodes: z.array(z.string()),
  from: z.string(),
  haltedBy: nodeReason.optional(),
});
const hold = {
  owner: z.string(),
  by: z.string(),
  reason: z.string(),
  at: instant,
  until: instant,
};
const uninstall = z.object({
  phase: z.enum(["tearing-down", "purging"]),
  since: instant,
  boundAt: instant,
  waitingFor: z.array(nodeReason),
  error: z.string().optional(),
});

export const app = z.object({
  id: z.string(),
  version: z.string(),
  desiredStatus,
  generation: z.number().int(),
  intentId: z.string(),
  management,
  settingsHash: z.string(),
  hasLicence: z.boolean(),
  converged: z.boolean(),
  drifted: z.number().int(),
  changedBy: z.string(),
  changedAt: instant,
  reason: z.string(),
  previousVersion: z.string().optional(),
  rollout: rollout.optional(),
  pausedUntil: instant.optional(),
  paused: z.object({ ...hold, missed: z.boolean() }).optional(),
  acknowledged: z.object({ ...hold, causes: z.array(z.string()) }).optional(),
  uninstall: uninstall.optional(),
  nodes: z.array(appRow).optional(),
});

/** One app, with the instant its rows are true for. */
export const appNow = app.extend(freshness);

export const appChange = z.object({ app, changed: z.boolean() });

export const appStatusReport = z.record(
  z.string(),
  z.array(z.object({ instanceId: z.string(), desiredStatus, initStatus })),
);

export const appsQuery = z.strictObject({
  ...pageQuery,
  desired: desiredStatus.optional(),
  initStatus: initStatus.optional(),
  reason: z.string().min(1).max(100).optional(),
  drifted: optionalFlag,
  node: z.string().min(1).max(64).optional(),
  q: z.string().min(1).max(100).optional(),
  include: z.literal("nodes", "can only be nodes").optional(),
});

/** Any JSON object, passed on as it is: a record would drop keys that the actor has to refuse. */
const settings = z
  .custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  )
  .meta({ type: "object" });

const licence = z
  .string("must be text")
  .min(1, "must not be empty")
  .max(16_384, "may have 16384 characters");

const version = z
  .string("a version is required")
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/, "must match [0-9A-Za-z][0-9A-Za-z.+_-]{0,63}");
const ref = z.string().min(1, "must not be empty").max(4_096, "may have 4096 characters");

export const installBody = z.strictObject({
  id,
  version,
  ref: ref.optional(),
  desiredStatus: z.enum(["enabled", "disabled"]).optional(),
  settings: settings.optional(),
  licence: licence.nullable().optional(),
  reason,
});

export const settingsBody = z.strictObject({ settings, reason });
export const licenceBody = z.strictObject({
  licence: licence.nullable().describe("null takes it away"),
  reason,
});
export const updateBody = z.strictObject({
  version,
  ref: ref.optional(),
  canary: z
    .int("must be a number of nodes")
    .min(1, "must be at least 1")
    .max(1_000, "may be 1000")
    .optional()
    .describe("so many nodes move first, the others follow by themselves"),
  reason,
});
export const holdBody = z.strictObject({
  until: z.iso.datetime({ offset: true, error: "must be an instant such as 2026-05-01T12:00:00Z" }),
  owner: z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(200, "may have 200 characters")
    .optional(),
  reason,
});
/** A DELETE has no body, so what it needs is in its query. */
export const uninstallQuery = z.strictObject({ reason, force: optionalFlag });
export const manageBody = z.strictObject({ mode: management, reason });
