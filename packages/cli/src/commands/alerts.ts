import { formatAge } from "../duration.ts";
import { type JsonRecord, numberAt, textAt } from "../json.ts";
import { listingOf, readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import type { Column } from "../output/table.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";

const columns = (asOf: string): readonly Column[] => [
  { head: "ALERT", cell: (alert) => textAt(alert, "id") },
  {
    head: "OPEN FOR",
    cell: (alert) => formatAge(textAt(alert, "openedAt"), textAt(alert, "closedAt") ?? asOf),
  },
  { head: "STATE", cell: stateOf },
  { head: "TIMES", wide: true, cell: (alert) => numberAt(alert, "count") },
  { head: "WHAT", cell: (alert) => textAt(alert, "message") },
  { head: "REMEDY", wide: true, cell: (alert) => textAt(alert, "remedy") },
];

const stateOf = (alert: JsonRecord): string => {
  if (textAt(alert, "closedAt") !== undefined) return "closed";
  const by = textAt(alert, "ackedBy");
  return by === undefined ? "open" : `noted by ${by}`;
};

/** `muster alerts [list|ack]` */
export const registerAlerts: Register = (noun, cli) => {
  noun
    .command("list")
    .description("what has been wrong for too long, and what to do about it")
    .option("--all", "also those of the last day that have closed")
    .action(async (options: { readonly all?: boolean }) => {
      await runRead(cli(), async (client) => {
        const query = options.all ? {} : { open: true };
        const listing = await readListing(client, "/v1/alerts", query);
        return listingOf(listing, columns(listing.asOf));
      });
    });
  noun
    .command("ack <alert>")
    .description("takes note of an open alert, for others to see")
    .action(async (id: string) => {
      const path = `/v1/alerts/${encodeURIComponent(id)}/ack`;
      await runChange(cli(), {
        what: `note ${id}`,
        plan: async (client) => {
          const { items, asOf } = await readListing(client, "/v1/alerts", { open: true });
          const meant = items.filter((alert) => textAt(alert, "id") === id);
          const would = meant.length > 0 ? `note ${id}` : `${id} is not open`;
          return { would, shown: { data: meant, items: meant, columns: columns(asOf) } };
        },
        send: async (client, reason) => {
          const alert = await client.post(path, { reason });
          const asOf = new Date().toISOString();
          return {
            did: `${id} is noted`,
            shown: { data: alert, items: [alert], columns: columns(asOf) },
          };
        },
      });
    });
};
