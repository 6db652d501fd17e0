/** Reads a legacy record of either format: checks it, bounds it, and keeps it word for word. Pure. */
import { z } from "zod";
import { type AppPackage, appId, appVersion, packageRef } from "../intent.ts";
import { AppDesiredStatus, AppStatus } from "../model.ts";
import { type AppSettings, appSettings } from "../settings.ts";
import { type LegacyFormat, type LegacyRecord, maxRecordChars } from "./model.ts";

/** What migration needs of a record; `text` is the record as it came. */
export interface ReadRecord {
  readonly appId: string;
  readonly package: Partial<AppPackage>;
  readonly settings: AppSettings | undefined;
  readonly status: string | undefined;
  readonly previousStatus: string | undefined;
  /** Fields of a record that was half migrated before. */
  readonly desiredStatus: AppDesiredStatus | undefined;
  readonly initStatus: AppStatus | undefined;
  readonly text: string;
}

export type RecordReading =
  | { readonly kind: "read"; readonly recordId: string; readonly record: ReadRecord }
  | {
      readonly kind: "unreadable";
      readonly recordId: string;
      readonly appId: string | null;
      readonly status: string | null;
      readonly code: string;
      readonly message: string;
    };

/** Some drivers write `null` for what is not there. */
const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value) => value ?? undefined);

const statusFields = {
  id: appId,
  status: optional(z.string("must be text").max(100)),
  previousStatus: optional(z.string("must be text").max(100)),
  desiredStatus: optional(z.enum(AppDesiredStatus, "is no desired status")),
  initStatus: optional(z.enum(AppStatus, "is no init status")),
};

const plain = z
  .object({
    ...statusFields,
    version: optional(appVersion),
    ref: optional(packageRef),
    settings: optional(appSettings),
  })
  .transform(({ version, ref, settings, ...rest }) => ({
    ...rest,
    package: { ...(version !== undefined && { version }), ...(ref !== undefined && { ref }) },
    settings,
  }));

const legacySetting = z.object({ value: z.unknown(), packageValue: z.unknown() }).partial();

/** The value that is set, else the one the package came with. */
const valuesOf = (settings: Readonly<Record<string, unknown>>): AppSettings => {
  const values: Record<string, unknown> = {};
  for (const [id, setting] of Object.entries(settings)) {
    const { data } = legacySetting.safeParse(setting);
    const value = data?.value ?? data?.packageValue;
    if (value !== undefined && value !== null) values[id] = value;
  }
  return values;
};

const rocketchat = z
  .object({
    ...statusFields,
    info: optional(z.object({ version: optional(appVersion) })),
    settings: optional(z.record(z.string(), z.unknown())).transform(
      (settings) => settings && valuesOf(settings),
    ),
  })
  .transform(({ info, ...rest }) => ({
    ...rest,
    package: { ...(info?.version !== undefined && { version: info.version }) },
  }))
  .refine(({ settings }) => settings === undefined || appSettings.safeParse(settings).success, {
    path: ["settings"],
    message: "are more than an app may have",
  });

const schemas = { plain, rocketchat } as const;

const isRecord = (value: unknown): value is LegacyRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown): string | undefined =>
  (typeof value === "string" || typeof value === "number") && value !== ""
    ? String(value).slice(0, 200)
    : undefined;

/** Its `_id`, also as an exported object id; else its `id`, else its place. */
const recordIdOf = (record: unknown, index: number): string => {
  if (!isRecord(record)) return `#${index}`;
  const { _id, id } = record;
  return shown(_id) ?? shown(isRecord(_id) ? _id["$oid"] : undefined) ?? shown(id) ?? `#${index}`;
};

const textOf = (record: unknown): string | undefined => {
  try {
    return JSON.stringify(record);
  } catch {
    // It holds itself, or is nested too deeply.
    return undefined;
  }
};

/** Reads one record; `index` names one without an id. */
export const readRecord = (given: unknown, format: LegacyFormat, index: number): RecordReading => {
  const recordId = recordIdOf(given, index);
  const unreadable = (code: string, message: string): RecordReading => ({
    kind: "unreadable",
    recordId,
    appId: isRecord(given) ? (shown(given["id"]) ?? null) : null,
    status: isRecord(given) ? (shown(given["status"]) ?? null) : null,
    code,
    message,
  });
  if (!isRecord(given)) return unreadable("invalid_record", "the record is no JSON object");
  const text = textOf(given);
  if (text === undefined) return unreadable("invalid_record", "the record is not JSON");
  if (text.length > maxRecordChars) {
    return unreadable(
      "record_too_large",
      `the record has ${text.length} characters, over the limit of ${maxRecordChars}: leave out icons and languages`,
    );
  }
  // What JSON makes of it: drivers give dates and ids as objects.
  const parsed = schemas[format].safeParse(JSON.parse(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.map(String).join(".") || "the record";
    return unreadable("invalid_record", `${field} ${issue?.message ?? "is not valid"}`);
  }
  const { id, ...rest } = parsed.data;
  return { kind: "read", recordId, record: { ...rest, appId: id, text } };
};
