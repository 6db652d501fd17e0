import type { Cli } from "../cli.ts";
import { usageError } from "../cli-error.ts";
import type { Client } from "../client/client.ts";
import { exitCodes } from "../exit-codes.ts";
import { type JsonRecord, numberAt, recordsAt, textAt } from "../json.ts";
import { cutRecords, readRecords } from "../legacy-records.ts";
import { readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import { paintInitStatus } from "../output/status-colors.ts";
import type { Column } from "../output/table.ts";
import { refuseWatch } from "../run-change.ts";

interface MigrateFlags {
  readonly from?: string;
  readonly format?: string;
  readonly export?: boolean;
}

const path = "/v1/migrate/apps";
const formats = ["plain", "rocketchat"];
const counted = ["total", "migrated", "already", "kept", "refused", "failed"] as const;
/** A request writes many apps. */
const requestMs = 120_000;

const columns: readonly Column[] = [
  { head: "RECORD", cell: (item) => textAt(item, "recordId") },
  { head: "APP", cell: (item) => textAt(item, "appId") },
  { head: "STATUS", cell: (item) => textAt(item, "legacyStatus") },
  { head: "DESIRED", cell: (item) => textAt(item, "desiredStatus") },
  { head: "INIT", cell: (item) => textAt(item, "initStatus"), paint: paintInitStatus },
  { head: "OUTCOME", cell: (item) => textAt(item, "outcome") },
  { head: "CODE", wide: true, cell: (item) => textAt(item, "code") },
  { head: "REASON", cell: (item) => textAt(item, "reason") },
];

type Counts = Record<(typeof counted)[number], number>;

const migrate = async (cli: Cli, client: Client, file: string, format: string | undefined) => {
  const { dryRun, reason } = cli.flags;
  const options = {
    ...(dryRun && { dryRun }),
    ...(format !== undefined && { format }),
    ...(reason !== undefined && { reason }),
  };
  const sums: Counts = { total: 0, migrated: 0, already: 0, kept: 0, refused: 0, failed: 0 };
  const items: JsonRecord[] = [];
  for (const records of cutRecords(await readRecords(file, cli.io))) {
    const report = await client.post(path, { records, ...options });
    const first = sums.total;
    for (const item of recordsAt(report, "items")) {
      items.push({ ...item, index: (numberAt(item, "index") ?? 0) + first });
    }
    for (const name of counted) sums[name] += numberAt(report, name) ?? 0;
  }
  return { dryRun, ...sums, items };
};

const sentence = ({ dryRun, total, ...sums }: { readonly dryRun: boolean } & Counts): string => {
  const parts = counted
    .filter((name) => name !== "total" && sums[name] > 0)
    .map((name) => `${name === "total" ? total : sums[name]} ${name}`);
  const all = `${total} ${total === 1 ? "record" : "records"}`;
  return `${dryRun ? "dry run: " : ""}${all}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
};

const importRecords = async (cli: Cli, file: string, format: string | undefined): Promise<void> => {
  const client = await cli.client({ atLeastMs: requestMs });
  const report = await migrate(cli, client, file, format);
  const { items } = report;
  await cli.show({ data: report, items, columns, name: (item) => textAt(item, "appId") });
  cli.say(sentence(report));
  if (report.refused + report.failed > 0) cli.exitWith(exitCodes.failed);
};

/** Prints records as a file for `--from`, unless a format of its own is asked for. */
const exportRecords = async (cli: Cli, format: string | undefined): Promise<void> => {
  const client = await cli.client({ atLeastMs: requestMs });
  const { items } = await readListing(client, path, { format, limit: 100 });
  await cli.show({
    data: items,
    items,
    columns: [],
    text: () => `${JSON.stringify(items, null, 2)}\n`,
  });
  cli.say(`${items.length} ${items.length === 1 ? "app" : "apps"}`);
};

/** `muster migrate apps` */
export const registerMigrate: Register = (noun, cli) => {
  noun
    .command("apps")
    .description(
      "makes intent of records with a single status, once for each app, or gives them back",
    )
    .option("--from <file>", "records as a JSON list, or one a line; - reads standard input")
    .option("--format <format>", `how records are written: ${formats.join(", ")}`)
    .option("--export", "prints every app as such a record instead")
    .action(async ({ export: isExport = false, format, from }: MigrateFlags) => {
      const here = cli();
      refuseWatch(here);
      if (format !== undefined && !formats.includes(format)) {
        throw usageError(`--format ${format} is not known`, `Formats: ${formats.join(", ")}.`);
      }
      if (isExport && from !== undefined) {
        throw usageError("--from and --export contradict each other");
      }
      if (isExport) return exportRecords(here, format);
      if (from === undefined) {
        throw usageError("migrate apps needs --from FILE", "To print records: --export");
      }
      return importRecords(here, from, format);
    });
};
