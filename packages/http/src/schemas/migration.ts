/** Migration of apps from records of a single status. */
import { AppDesiredStatus, AppStatus, legacyFormats } from "@muster/core";
import { z } from "zod";
import { optionalFlag, pageQuery, reason } from "./shared.ts";

const format = z.enum(legacyFormats, `must be one of ${legacyFormats.join(", ")}`).optional();

export const migrateQuery = z.strictObject({
  dryRun: optionalFlag,
  format,
  reason: reason.optional(),
});
export const migrateBody = z.strictObject({
  records: z.array(z.unknown(), "must be a list of records"),
  dryRun: z.boolean("must be true or false").optional(),
  format,
  reason: reason.optional(),
});
export const exportQuery = z.strictObject({ ...pageQuery, format });

const count = z.number().int();
const status = z.enum(AppStatus).nullable();
export const migrationItem = z.object({
  index: count,
  recordId: z.string(),
  appId: z.string().nullable(),
  legacyStatus: z.string().nullable(),
  desiredStatus: z.enum(AppDesiredStatus).nullable(),
  initStatus: status,
  outcome: z.enum(["migrated", "already", "kept", "refused", "failed"]),
  code: z.string(),
  reason: z.string(),
});
export const migrationReport = z.object({
  dryRun: z.boolean(),
  total: count,
  migrated: count,
  already: count,
  kept: count,
  refused: count,
  failed: count,
  items: z.array(migrationItem),
});
export const legacyRecord = z.record(z.string(), z.unknown());
