/** Alerts, and the reconciler that opens and closes them. */
import { z } from "zod";
import { freshness, instant, optionalFlag, pageQuery, reason } from "./shared.ts";

const count = z.number().int().nonnegative();
const mode = z.enum(["enforce", "observe", "paused"], "must be enforce, observe or paused");

/** Id of an alert: kind, subject and cause. */
export const alertParams = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,39}:[a-z0-9][a-z0-9._-]{0,63}:[a-z0-9_]{1,100}$/,
      "must be kind:subject:cause, such as app-drift:crm:hook_failed",
    ),
});

export const alert = z.object({
  id: z.string(),
  kind: z.string(),
  subject: z.string(),
  cause: z.string(),
  message: z.string(),
  remedy: z.string(),
  openedAt: instant,
  count,
  ackedBy: z.string().nullable(),
  ackReason: z.string().nullable(),
  closedAt: instant.nullable(),
});
export const alertsQuery = z.strictObject({ ...pageQuery, open: optionalFlag });

export const pass = z.object({
  at: instant,
  node: z.string(),
  fence: z.number().int(),
  checked: count,
  drifted: count,
  repaired: count,
  failed: count,
  skipped: count,
  because: z.enum(["observe", "paused"]).nullable(),
  opened: count,
  closed: count,
  reaped: count,
  durationMs: count,
});

export const reconcilerStatus = z.object({
  mode,
  set: z
    .object({
      by: z.string(),
      reason: z.string(),
      owner: z.string().nullable(),
      until: instant.nullable(),
      at: instant,
    })
    .optional(),
  leader: z.string().nullable(),
  fence: z.number().int(),
  passes: z.array(pass),
  ...freshness,
});

const owner = z.string().trim().min(1, "must not be empty").max(100, "may have 100 characters");
const until = z.iso.datetime({
  offset: true,
  error: "must be an instant such as 2026-05-01T12:00:00Z",
});

export const pauseBody = z.strictObject({ reason, until, owner: owner.optional() });
export const modeBody = z.strictObject({
  mode,
  reason,
  until: until.optional(),
  owner: owner.optional(),
});
