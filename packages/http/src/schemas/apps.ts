import { AppDesiredStatus, AppStatus } from "@muster/core";
import { z } from "zod";
import { freshness, id, instant, optionalFlag, pageQuery, reason } from "./shared.ts";

const desiredStatus = z.enum(AppDesiredStatus);
const initStatus = z.enum(AppStatus);
const management = z.enum(["enforce", "observe"]);

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
  reason: z.object({ code: z.string(), message: z.string() }).nullable(),
  attempts: z.number().int(),
  nextAttemptAt: instant.nullable(),
  lastError: z.string().nullable(),
  since: instant.nullable(),
  reportedAt: instant.nullable(),
  stale: z.boolean(),
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

export const installBody = z.strictObject({
  id,
  version: z
    .string("a version is required")
    .regex(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/, "must match [0-9A-Za-z][0-9A-Za-z.+_-]{0,63}"),
  ref: z.string().min(1, "must not be empty").max(4_096, "may have 4096 characters").optional(),
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
export const manageBody = z.strictObject({ mode: management, reason });
