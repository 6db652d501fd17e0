import { usageError } from "../cli-error.ts";
import { formatAge } from "../duration.ts";
import { type JsonRecord, recordAt, recordsAt, textAt } from "../json.ts";
import { listingOf, readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import type { Shown } from "../output/format.ts";
import type { Column } from "../output/table.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";

const isOpen = (row: JsonRecord): boolean => row["acknowledged"] === null;

/** `asOf` is the instant the listing is true for: ages are counted up to it. */
const columns = (asOf: string): readonly Column[] => [
  { head: "FINDING", cell: (row) => textAt(row, "id") },
  { head: "LOST", cell: (row) => textAt(row, "range") },
  { head: "FOUND", cell: (row) => formatAge(textAt(row, "foundAt"), asOf) },
  { head: "BY", wide: true, cell: (row) => textAt(row, "foundBy") },
  { head: "ENDS", wide: true, cell: (row) => textAt(row, "expiresAt") },
  {
    head: "ACKNOWLEDGED",
    cell: (row) => (isOpen(row) ? "no" : textAt(recordAt(row, "acknowledged"), "by")),
  },
];

const some = (items: readonly JsonRecord[], data: JsonRecord): Shown => ({
  data,
  items,
  columns: columns(new Date().toISOString()),
});

/** `muster losses [list|ack]` */
export const registerLosses: Register = (noun, cli) => {
  noun
    .command("list")
    .description("data that Redis has lost, by shard; acknowledged findings too")
    .action(async () => {
      await runRead(cli(), async (client) => {
        const listing = await readListing(client, "/v1/losses");
        return listingOf(listing, columns(listing.asOf));
      });
    });
  noun
    .command("ack [finding]")
    .description("acknowledges what was lost, so that it degrades the verdict no more")
    .option("--all", "all findings that are open")
    .action(async (id: string | undefined, { all }: { readonly all?: boolean }) => {
      if ((id === undefined) === (all !== true)) {
        throw usageError("name one finding, or give --all", "See: muster losses list");
      }
      const chosen = id ?? "all";
      const what = all ? "acknowledge all lost data" : `acknowledge ${chosen}`;
      await runChange(cli(), {
        what,
        plan: async (client) => {
          const { items } = await readListing(client, "/v1/losses");
          const would = items.filter((row) => (all ? isOpen(row) : textAt(row, "id") === chosen));
          return { would: what, shown: some(would, { items: would }) };
        },
        send: async (client, reason) => {
          const path = `/v1/losses/${encodeURIComponent(chosen)}/ack`;
          const answer = await client.post(path, { reason });
          const items = recordsAt(answer, "items");
          const count = `${items.length} ${items.length === 1 ? "finding is" : "findings are"}`;
          return { did: `${count} acknowledged`, shown: some(items, answer) };
        },
      });
    });
};
