/** What a migration from a single status takes and tells. */
import type { AppDesiredStatus, AppStatus } from "../model.ts";

/**
 * How records are written: `plain` (id, version, status), or `rocketchat` (the app records of that
 * server, with the version in `info`).
 */
export const legacyFormats = ["plain", "rocketchat"] as const;
export type LegacyFormat = (typeof legacyFormats)[number];

/** Longest record, as JSON, in characters. */
export const maxRecordChars = 262_144;

/** A record as the legacy server keeps it. */
export type LegacyRecord = Readonly<Record<string, unknown>>;

export type MigrationOutcome =
  /** Written now, by this run. */
  | "migrated"
  /** Written before, by this run or another. */
  | "already"
  /** Somebody has decided otherwise: what they want stands. */
  | "kept"
  /** The record cannot be taken; nothing is written for it. */
  | "refused"
  /** It could not be written; another run may. */
  | "failed";

/** What became of one record, or would become of it. */
export interface MigrationItem {
  /** Place in the input, from 0. */
  readonly index: number;
  /** `_id` of the record, else its `id`, else its place as `#3`. */
  readonly recordId: string;
  readonly appId: string | null;
  /** The single status of the record. */
  readonly legacyStatus: string | null;
  readonly desiredStatus: AppDesiredStatus | null;
  /** What nodes are shown with until they report. */
  readonly initStatus: AppStatus | null;
  readonly outcome: MigrationOutcome;
  /** Machine-readable, snake_case, or the code of the error where it failed. */
  readonly code: string;
  /** Why it is mapped so, and why the outcome is what it is. */
  readonly reason: string;
}

export interface MigrationCounts {
  readonly total: number;
  readonly migrated: number;
  readonly already: number;
  readonly kept: number;
  readonly refused: number;
  readonly failed: number;
}

export interface MigrationReport extends MigrationCounts {
  readonly dryRun: boolean;
  /** In the order of the records. */
  readonly items: readonly MigrationItem[];
}

export interface MigrateOptions {
  /** Tells what would be done and writes nothing. @defaultValue false */
  readonly dryRun?: boolean;
  /** @defaultValue "plain" */
  readonly format?: LegacyFormat;
  /** Kept with each change. @defaultValue "migration from a single status" */
  readonly reason?: string;
  /** Hears of each record as soon as it is done; the report then holds no items. */
  onItem?(item: MigrationItem): void | Promise<void>;
}

export interface ExportOptions {
  /** Of apps that were not migrated. @defaultValue "plain" */
  readonly format?: LegacyFormat;
  /** Only apps whose id comes after this one. */
  readonly after?: string;
}

/** Migration of apps from a server that knew a single status; needs the admin role. */
export interface AppMigration {
  /**
   * Writes the desired status of each record as intent, through the app's actor, once for each app
   * however often and from however many nodes it is called. What somebody has decided about the app
   * in this cluster stands. Records are JSON objects of at most 262,144 characters.
   * @throws MusterError `FORBIDDEN`, `VALIDATION` (reason, format), `BACKEND_UNAVAILABLE`
   */
  migrateApps(
    records: Iterable<unknown> | AsyncIterable<unknown>,
    options?: MigrateOptions,
  ): Promise<MigrationReport>;
  /**
   * Gives every app in the legacy form, by id: the record it was migrated from, with what has
   * changed since; for others a record made from what is known, in the format asked for.
   * @throws MusterError `FORBIDDEN`, `VALIDATION` (format), `BACKEND_UNAVAILABLE`
   */
  exportApps(options?: ExportOptions): AsyncGenerator<LegacyRecord>;
}
