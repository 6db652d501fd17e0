/** Lists as the API answers them: `{ items, nextCursor?, asOf, stale }`, page after page. */

import { CliError } from "./cli-error.ts";
import type { Client, Query } from "./client/client.ts";
import { type JsonRecord, recordsAt, textAt } from "./json.ts";
import type { Shown } from "./output/format.ts";
import type { Column } from "./output/table.ts";

export interface Listing {
  readonly items: readonly JsonRecord[];
  readonly asOf: string;
  readonly stale: boolean;
}

const maxPages = 10_000;

/** Reads all pages of a list. */
export const readListing = async (
  client: Client,
  path: string,
  query: Query = {},
): Promise<Listing> => {
  const items: JsonRecord[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const answer = await client.get(path, { ...query, cursor });
    items.push(...recordsAt(answer, "items"));
    cursor = textAt(answer, "nextCursor");
    if (cursor === undefined) {
      return { items, asOf: textAt(answer, "asOf") ?? "", stale: answer["stale"] === true };
    }
  }
  throw new CliError("TOO_MANY", `${path} has more than ${maxPages} pages`, {
    hint: "Narrow it by the filters of the command.",
  });
};

/** Shows a list; a table whose rows may be out of date says so. */
export const listingOf = (listing: Listing, columns: readonly Column[]): Shown => ({
  data: listing,
  items: listing.items,
  columns,
  text: (table) =>
    listing.stale
      ? `${table}(out of date: as of ${listing.asOf}, the node cannot reach Redis now)\n`
      : table,
});
