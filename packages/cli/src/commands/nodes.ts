import { formatAge, formatDuration } from "../duration.ts";
import { type JsonRecord, numberAt, textAt } from "../json.ts";
import { listingOf, readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import type { Shown } from "../output/format.ts";
import { paintNodeState } from "../output/status-colors.ts";
import type { Column } from "../output/table.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";

const duration = (row: JsonRecord, key: string): string | undefined => {
  const ms = numberAt(row, key);
  return ms === undefined ? undefined : formatDuration(ms);
};

const megabytes = (row: JsonRecord): string | undefined => {
  const bytes = numberAt(row, "memoryBytes");
  return bytes === undefined ? undefined : `${Math.round(bytes / 1_048_576)} MB`;
};

const state = (row: JsonRecord): string =>
  `${textAt(row, "state") ?? "?"}${row["cordoned"] === true ? ", drained" : ""}`;

/** `asOf` is the instant the listing is true for: ages are counted up to it. */
const nodeColumns = (asOf: string): readonly Column[] => [
  {
    head: "NODE",
    cell: (row) => `${textAt(row, "id") ?? "?"}${row["isLocal"] === true ? " *" : ""}`,
  },
  { head: "STATE", cell: state, paint: paintNodeState },
  { head: "SHARDS", cell: (row) => numberAt(row, "shards") },
  { head: "HEARD", cell: (row) => duration(row, "leaseAgeMs") },
  { head: "UP FOR", cell: (row) => formatAge(textAt(row, "startedAt"), asOf) },
  { head: "VERSION", cell: (row) => textAt(row, "version") },
  { head: "PID", wide: true, cell: (row) => numberAt(row, "pid") },
  { head: "HOST", wide: true, cell: (row) => textAt(row, "host") },
  { head: "RUNTIME", wide: true, cell: (row) => textAt(row, "runtime") },
  { head: "WEIGHT", wide: true, cell: (row) => numberAt(row, "weight") },
  { head: "LOOP LAG", wide: true, cell: (row) => duration(row, "loopLagMs") },
  { head: "MEMORY", wide: true, cell: megabytes },
  { head: "INCARNATION", wide: true, cell: (row) => textAt(row, "incarnation") },
  { head: "ADDRESS", cell: (row) => textAt(row, "url") },
];

const one = (node: JsonRecord): Shown => ({
  data: node,
  items: [node],
  columns: nodeColumns(new Date().toISOString()),
});

const pathOf = (id: string, verb = ""): string =>
  `/v1/nodes/${encodeURIComponent(id)}${verb === "" ? "" : `/${verb}`}`;

/** `muster nodes [list|get|drain|undrain]` */
export const registerNodes: Register = (noun, cli) => {
  noun
    .command("list")
    .description("every node, with its state; * marks the one that answers")
    .action(async () => {
      await runRead(cli(), async (client) => {
        const listing = await readListing(client, "/v1/nodes");
        return listingOf(listing, nodeColumns(listing.asOf));
      });
    });
  noun
    .command("get <node>")
    .description("one node")
    .action(async (id: string) => {
      await runRead(cli(), async (client) => one(await client.get(pathOf(id))));
    });
  const change = (verb: "drain" | "undrain", description: string, drained: boolean): void => {
    noun
      .command(`${verb} <node>`)
      .description(description)
      .action(async (id: string) => {
        await runChange(cli(), {
          what: `${verb} ${id}`,
          plan: async (client) => {
            const node = await client.get(pathOf(id));
            const held = node["cordoned"] === drained;
            const would = held ? `${id} is as asked already` : `${verb} ${id}`;
            return { would, shown: one(node) };
          },
          send: async (client, reason) => {
            const node = await client.post(pathOf(id, verb), { reason });
            return {
              did: `${id} is ${drained ? "drained" : "no longer drained"}`,
              shown: one(node),
            };
          },
        });
      });
  };
  change("drain", "takes its shards away and keeps them away, across restarts", true);
  change("undrain", "lets it own shards again", false);
};
