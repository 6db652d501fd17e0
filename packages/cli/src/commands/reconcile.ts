import type { Cli } from "../cli.ts";
import { exitCodes } from "../exit-codes.ts";
import { type JsonRecord, recordsAt, textAt } from "../json.ts";
import { readListing } from "../listing.ts";
import type { Column } from "../output/table.ts";
import { diffColumns } from "../output/told-text.ts";
import { runChange } from "../run-change.ts";

const columns: readonly Column[] = [
  { head: "APP", cell: (item) => textAt(item, "appId") },
  { head: "NODE", cell: (item) => textAt(item, "nodeId") },
  { head: "RESULT", cell: (item) => textAt(item, "result") },
  { head: "WHY", cell: (item) => textAt(item, "message") },
];

const counted = (items: readonly JsonRecord[]): string =>
  ["repaired", "nudged", "skipped", "failed"]
    .map((result) => {
      const count = items.filter((item) => textAt(item, "result") === result).length;
      return count > 0 ? `${count} ${result}` : undefined;
    })
    .filter((part) => part !== undefined)
    .join(", ") || "nothing to do";

/** Asks nodes to try now; ends with 1 when a node could not be asked. */
export const reconcile = async (
  cli: Cli,
  ids: readonly string[],
  options: { readonly node?: readonly string[]; readonly force?: boolean },
): Promise<void> => {
  const what = ids.length === 0 ? "every app that drifted" : ids.join(", ");
  await runChange(cli, {
    what: `reconcile ${what}`,
    plan: async (client) => {
      const { items } = await readListing(client, "/v1/apps/diff");
      const meant = items.filter(
        (item) =>
          (ids.length === 0 || ids.includes(textAt(item, "appId") ?? "")) &&
          (options.node?.includes(textAt(item, "nodeId") ?? "") ?? true),
      );
      const shown = { data: meant, items: meant, columns: diffColumns };
      return { would: `reconcile ${what}: ${meant.length} rows are off`, shown };
    },
    send: async (client, reason) => {
      const body = {
        reason,
        ...(options.node && { nodes: options.node }),
        ...(options.force && { force: true }),
      };
      const [only] = ids;
      const answer =
        only !== undefined && ids.length === 1
          ? await client.post(`/v1/apps/${encodeURIComponent(only)}/reconcile`, body)
          : await client.post("/v1/apps/reconcile", {
              ...body,
              ...(ids.length > 1 && { apps: ids }),
            });
      const items = recordsAt(answer, "items");
      if (items.some((item) => textAt(item, "result") === "failed")) cli.exitWith(exitCodes.failed);
      const name = (item: JsonRecord) => `${textAt(item, "appId")}/${textAt(item, "nodeId")}`;
      return { did: counted(items), shown: { data: answer, items, columns, name } };
    },
  });
};
