/**
 * Migrates apps from records of a server that knew a single status, and gives them back in that
 * form. Every record goes through its app's actor, so that any number of nodes may run it at once.
 */
import type { ActorRef, AskOptions } from "../../define-actor.ts";
import { isMusterError, MusterError } from "../../errors.ts";
import { type Principal, requireReason, requireRole } from "../../principal.ts";
import type { MigrateInput } from "../commands.ts";
import type { AppIntentRow } from "../intent.ts";
import type { AppCommands } from "../protocol.ts";
import { invalidInput } from "../refusals.ts";
import { judgeMigration } from "./decide-migrate.ts";
import { legacyForm } from "./legacy-form.ts";
import { type LegacyMapping, mapLegacy } from "./map-legacy.ts";
import {
  type AppMigration,
  type LegacyFormat,
  type LegacyRecord,
  legacyFormats,
  type MigrationItem,
  type MigrationOutcome,
  type MigrationReport,
} from "./model.ts";
import { type RecordReading, readRecord } from "./read-record.ts";

interface MigrationSources {
  readonly principal: Principal;
  /** Ids of all apps, in order, and whether some may be missing. */
  ids(): { readonly ids: readonly string[]; readonly stale: boolean };
  actor(id: string): ActorRef<AppCommands>;
  /** Resolves when this node's view has the row or a newer one. */
  waitForRow(row: AppIntentRow): Promise<void>;
}

/** So many apps are asked at a time. */
const atOnce = 16;
/** Ids that one run remembers, to tell a record that comes twice. */
const maxRecords = 100_000;
const defaultReason = "migration from a single status";

type Judged = Pick<MigrationItem, "outcome" | "code"> & { readonly detail: string };
type Mapped = Extract<LegacyMapping, { kind: "mapped" }>;
type Read = Extract<RecordReading, { kind: "read" }>;

const stands = (outcome: "already" | "kept", app: AppIntentRow): Judged => {
  if (outcome === "already") {
    return { outcome, code: "already_migrated", detail: "it was migrated before" };
  }
  const since = app.migrated ? "since its migration" : "in this cluster";
  const detail = `it stays ${app.desiredStatus}, as decided ${since}, last by ${app.by}: ${app.reason}`;
  return { outcome, code: "decided_here", detail };
};

const migrated = (isNewIntent: boolean): Judged =>
  isNewIntent
    ? { outcome: "migrated", code: "migrated", detail: "" }
    : { outcome: "migrated", code: "noted", detail: "it is so already" };

const versionMissing: Judged = {
  outcome: "refused",
  code: "version_missing",
  detail: "the app is not installed, and the record has no version",
};

const inputOf = ({ record }: Read, mapped: Mapped, format: LegacyFormat, reason: string) => {
  const { package: found, settings, text } = record;
  const { desiredStatus, initStatus } = mapped;
  const { ref, version } = found;
  return {
    ...{ desiredStatus, initStatus, format, reason, record: text },
    ...(version !== undefined && { version }),
    ...(ref !== undefined && ref !== null && { ref }),
    ...(settings !== undefined && { settings }),
  } satisfies MigrateInput;
};

const noCounts = { total: 0, migrated: 0, already: 0, kept: 0, refused: 0, failed: 0 };

async function* chunksOf<T>(records: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const record of records) {
    if (chunk.push(record) < atOnce) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

const isIterable = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Symbol.iterator in value || Symbol.asyncIterator in value);

const checkFormat = (op: string, format: LegacyFormat): void => {
  if (legacyFormats.includes(format)) return;
  throw invalidInput(op, { format: `must be one of ${legacyFormats.join(", ")}` });
};

/** Builds the migration of `muster.as(principal).cluster`. */
export const createAppMigration = (sources: MigrationSources): AppMigration => {
  const { principal } = sources;
  const asking: AskOptions = { principal, failFast: true };

  const judge = async (read: Read, mapped: Mapped): Promise<Judged> => {
    const { appId, package: found } = read.record;
    const { app } = await sources.actor(appId).ask.legacy({}, asking);
    const judged = judgeMigration(app, { ...mapped, version: found.version });
    if (judged.kind === "refused") return versionMissing;
    if (judged.kind === "stands") return stands(judged.outcome, judged.app);
    return migrated(judged.kind !== "note");
  };

  const write = async (id: string, input: MigrateInput): Promise<Judged> => {
    const answer = await sources.actor(id).ask.migrate(input, asking);
    if (!answer.ok) {
      if (answer.refusal === "no-version") return versionMissing;
      throw new MusterError("FORBIDDEN", "A migration needs a principal with a name.", {
        op: "cluster.migrateApps",
        outcome: "not-applied",
      });
    }
    const { app, changed, outcome } = answer.value;
    await sources.waitForRow(app);
    return outcome === "migrated" ? migrated(changed) : stands(outcome, app);
  };

  return {
    migrateApps: async (records, options = {}) => {
      const op = "cluster.migrateApps";
      const { dryRun = false, format = "plain", reason = defaultReason, onItem } = options;
      requireRole(principal, "admin", op);
      requireReason(reason, op);
      checkFormat(op, format);
      if (!isIterable(records)) throw invalidInput(op, { records: "must be a list of records" });

      const counts: Record<"total" | MigrationOutcome, number> = { ...noCounts };
      const items: MigrationItem[] = [];
      const seen = new Set<string>();

      /** What the record alone says; nothing is asked for it. */
      const look = (given: unknown, index: number) => {
        const reading = readRecord(given, format, index);
        const item = {
          index,
          recordId: reading.recordId,
          appId: reading.kind === "read" ? reading.record.appId : reading.appId,
          legacyStatus: (reading.kind === "read" ? reading.record.status : reading.status) ?? null,
          desiredStatus: null,
          initStatus: null,
        };
        const refuse = (code: string, why: string): MigrationItem => ({
          ...item,
          outcome: "refused",
          code,
          reason: why,
        });
        if (reading.kind === "unreadable") return refuse(reading.code, reading.message);
        const mapped = mapLegacy(reading.record);
        if (mapped.kind === "refused") return refuse(mapped.code, mapped.why);
        const { appId } = reading.record;
        if (seen.has(appId)) {
          return refuse("duplicate", "an earlier record is of the same app, and was taken");
        }
        if (seen.size >= maxRecords) {
          return refuse("too_many_records", `one run takes ${maxRecords} apps: begin another`);
        }
        seen.add(appId);
        return { item, mapped, reading };
      };

      const decide = async (
        looked: ReturnType<typeof look>,
      ): Promise<{ readonly item: MigrationItem; readonly error?: MusterError }> => {
        if ("outcome" in looked) return { item: looked };
        const { item, mapped, reading } = looked;
        const { desiredStatus, initStatus, why } = mapped;
        const mapping = { ...item, desiredStatus, initStatus };
        try {
          const { detail, ...judged } = dryRun
            ? await judge(reading, mapped)
            : await write(reading.record.appId, inputOf(reading, mapped, format, reason));
          const text = detail === "" ? why : `${why}; ${detail}`;
          return { item: { ...mapping, ...judged, reason: text } };
        } catch (error) {
          if (!isMusterError(error) || error.code === "FORBIDDEN") throw error;
          const text = `${why}; ${error.message}`;
          const failed = { ...mapping, outcome: "failed", code: error.code, reason: text } as const;
          return { item: failed, error };
        }
      };

      for await (const chunk of chunksOf<unknown>(records)) {
        const first = counts.total;
        const looked = chunk.map((given, at) => look(given, first + at));
        const decided = await Promise.all(looked.map(decide));
        const asked = decided.filter((_, at) => !("outcome" in (looked[at] ?? {})));
        const error = asked[0]?.error;
        // Nothing came of anything: there is no report to give.
        if (first === 0 && error && asked.every((one) => one.error?.code === error.code)) {
          throw error;
        }
        for (const { item } of decided) {
          counts.total += 1;
          counts[item.outcome] += 1;
          if (onItem) await onItem(item);
          else items.push(item);
        }
      }
      return { dryRun, ...counts, items } satisfies MigrationReport;
    },

    exportApps: ({ after = "", format = "plain" } = {}) => {
      const op = "cluster.exportApps";
      requireRole(principal, "admin", op);
      checkFormat(op, format);
      const { ids, stale } = sources.ids();
      if (stale) {
        throw new MusterError("BACKEND_UNAVAILABLE", "This node may not know all apps now.", {
          op,
          retryAfterMs: 1_000,
          hint: "Ask again when it can reach its backend, or ask another node.",
        });
      }
      const formOf = async (id: string): Promise<LegacyRecord | undefined> => {
        const { app, legacy } = await sources.actor(id).ask.legacy({}, asking);
        const isThere = app !== null && app.desiredStatus !== "uninstalled";
        return isThere ? legacyForm(app, legacy, format) : undefined;
      };
      return (async function* () {
        for await (const chunk of chunksOf(ids.filter((id) => id > after))) {
          for (const record of await Promise.all(chunk.map(formOf))) if (record) yield record;
        }
      })();
    },
  };
};
