import { appPath, generationOf, shownApp } from "../app-change.ts";
import { readInstallRequest } from "../app-install.ts";
import type { Client } from "../client/client.ts";
import { isCode } from "../client/client.ts";
import { exitCodes } from "../exit-codes.ts";
import { textAt } from "../json.ts";
import { listingOf, readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import { appColumns, appText, reportRows, rowColumns } from "../output/app-columns.ts";
import { shownAppHistory } from "../output/app-history.ts";
import type { Shown } from "../output/format.ts";
import { compareColumns, diffColumns } from "../output/told-text.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";
import { registerAppChanges } from "./apps-changes.ts";
import { showExplanation } from "./explain.ts";
import { reconcile } from "./reconcile.ts";

const statusOfAll = async (client: Client): Promise<Shown> => {
  const report = await client.get("/v1/status/apps");
  const rows = reportRows(report);
  return {
    data: report,
    items: rows,
    columns: rowColumns.filter(({ head }) => ["APP", "NODE", "DESIRED", "STATUS"].includes(head)),
    name: (row) => `${textAt(row, "appId")}/${textAt(row, "nodeId")}`,
  };
};

const statusOf = async (client: Client, id: string): Promise<Shown> => {
  const listing = await readListing(client, appPath(id, "status"));
  const shown = listingOf(listing, rowColumns);
  return { ...shown, name: (row) => `${textAt(row, "appId")}/${textAt(row, "nodeId")}` };
};

interface ListOptions {
  readonly desired?: string;
  readonly status?: string;
  readonly reasonCode?: string;
  readonly drifted?: boolean;
  readonly node?: string;
  readonly match?: string;
  readonly nodes?: boolean;
}

/** `muster apps [list|get|status|install|explain|history|compare|diff|reconcile]` and the changes of apps. */
export const registerApps: Register = (noun, cli) => {
  noun
    .command("list")
    .description("every app: what is wanted of it, and whether all nodes have done it")
    .option("--desired <status>", "enabled|disabled|uninstalled")
    .option("--status <status>", "some node has this init status")
    .option("--reason-code <code>", "some node gives this reason, such as settings_missing")
    .option("--drifted", "not all nodes have done what is wanted")
    .option("--node <id>", "as this node has it")
    .option("--match <text>", "the id contains it")
    .option("--nodes", "with the row of each node, in -o json")
    .action(async (options: ListOptions) => {
      await runRead(cli(), async (client) => {
        const listing = await readListing(client, "/v1/apps", {
          desired: options.desired,
          initStatus: options.status,
          reason: options.reasonCode,
          drifted: options.drifted,
          node: options.node,
          q: options.match,
          include: options.nodes ? "nodes" : undefined,
        });
        return listingOf(listing, appColumns);
      });
    });
  noun
    .command("get <app>")
    .description("one app with the row of each node")
    .action(async (id: string) => {
      const given = cli();
      await runRead(given, async (client) => {
        const app = await client.get(appPath(id));
        return { ...shownApp(app), text: (table, wide) => appText(app, table, { wide, ...given }) };
      });
    });
  noun
    .command("status [app]")
    .description("what each node really has, and why")
    .action(async (id: string | undefined) => {
      await runRead(cli(), (client) =>
        id === undefined ? statusOfAll(client) : statusOf(client, id),
      );
    });
  noun
    .command("install <app>")
    .description("makes an app known to the cluster; nodes find its package by id and version")
    .requiredOption("--version <version>", "version of the package")
    .option("--ref <text>", "what the nodes need to find the package")
    .option("--disabled", "install it without enabling it")
    .option("--set <key=value...>", "a setting; its value is JSON where it can be, else text")
    .option("--settings <file>", "settings as a JSON object; - reads standard input")
    .action(async (id: string, options: Parameters<typeof readInstallRequest>[1]) => {
      const given = cli();
      const request = await readInstallRequest(id, options, given.io);
      await runChange(given, {
        what: `install ${id}`,
        plan: async (client) => {
          try {
            const app = await client.get(appPath(id));
            return { would: `${id} is installed already`, shown: shownApp(app) };
          } catch (error) {
            if (!isCode(error, "APP_NOT_FOUND")) throw error;
            const shown = { data: request, items: [request], columns: appColumns };
            return { would: `install ${id} ${request.version}`, shown };
          }
        },
        send: async (client, reason) => {
          const app = await client.post("/v1/apps", { ...request, reason });
          return { did: `${id} is installed, ${generationOf(app)}`, shown: shownApp(app) };
        },
      });
    });
  noun
    .command("explain <app>")
    .description("why it is as it is on each node, what happens next and what to run")
    .action(async (id: string) => {
      await showExplanation(cli(), id);
    });
  noun
    .command("history <app>")
    .description("what was wanted of it, by whom and why, and what became of it on each node")
    .option("--limit <n>", "the newest n, up to 500 (100 unless given)")
    .action(async (id: string, { limit }: { readonly limit?: string }) => {
      await runRead(cli(), async (client) =>
        shownAppHistory(await client.get(appPath(id, "history"), { limit })),
      );
    });
  noun
    .command("compare <node> <other>")
    .description("apps that two nodes have differently, and in what")
    .action(async (a: string, b: string) => {
      await runRead(cli(), async (client) =>
        listingOf(await readListing(client, "/v1/apps/compare", { a, b }), compareColumns(a, b)),
      );
    });
  noun
    .command("diff")
    .description("what each node would have to change to agree; changes nothing")
    .addHelpText(
      "after",
      "\nEnds with 0 when nothing differs, 1 when something does, 2 when that cannot be told.\n",
    )
    .action(async () => {
      const given = cli();
      await runRead(given, async (client) => {
        const listing = await readListing(client, "/v1/apps/diff");
        if (listing.stale) given.exitWith(exitCodes.usage);
        else given.exitWith(listing.items.length === 0 ? exitCodes.done : exitCodes.failed);
        return listingOf(listing, diffColumns);
      });
    });
  noun
    .command("reconcile [apps...]")
    .description("nodes that do not agree try now; without names: every app that has any")
    .option("--node <id...>", "only these nodes")
    .option("--force", "also where all is well, and where no retry would mend it")
    .action(async (ids: readonly string[], options: { node?: string[]; force?: boolean }) => {
      await reconcile(cli(), ids, options);
    });
  registerAppChanges(noun, cli);
};
