/** Writes an app the way the legacy server kept it: one status, and the record it came from. Pure. */
import type { AppIntentRow, LegacyKept } from "../intent.ts";
import type { LegacyFormat, LegacyRecord } from "./model.ts";

const statusOf = ({ desiredStatus }: AppIntentRow) =>
  desiredStatus === "enabled" ? "manually_enabled" : "manually_disabled";

const made = (app: AppIntentRow, format: LegacyFormat): LegacyRecord => {
  const { id, ref, settings, version } = app;
  const status = statusOf(app);
  const hasSettings = Object.keys(settings).length > 0;
  if (format === "plain") {
    return {
      ...{ id, version, status },
      ...(ref !== null && { ref }),
      ...(hasSettings && { settings }),
    };
  }
  const entries = Object.entries(settings).map(([key, value]) => [key, { id: key, value }]);
  return {
    ...{ id, status, info: { id, version } },
    ...(hasSettings && { settings: Object.fromEntries(entries) }),
  };
};

const withVersion = (record: LegacyRecord, format: LegacyFormat, version: string): LegacyRecord =>
  format === "plain"
    ? { ...record, version }
    : { ...record, info: { ...(record["info"] as LegacyRecord | undefined), version } };

const withStatus = (record: LegacyRecord, app: AppIntentRow): LegacyRecord => {
  const status = statusOf(app);
  return {
    ...record,
    status,
    ...("desiredStatus" in record && { desiredStatus: app.desiredStatus }),
    ...("initStatus" in record && { initStatus: status }),
  };
};

/**
 * The record an app was migrated from: word for word while desired status and version are what it
 * came to, else with the present ones. Other apps get one in the format asked for.
 */
export const legacyForm = (
  app: AppIntentRow,
  legacy: LegacyKept | null,
  format: LegacyFormat,
): LegacyRecord => {
  if (!legacy || legacy.record === null) return made(app, format);
  let record = JSON.parse(legacy.record) as LegacyRecord;
  if (app.desiredStatus !== legacy.desiredStatus) record = withStatus(record, app);
  if (app.version !== legacy.version) record = withVersion(record, legacy.format, app.version);
  return record;
};
