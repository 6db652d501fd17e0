/** Runs a change of one app that is there: shows what it would do, sends it, tells what came of it. */
import type { Cli } from "./cli.ts";
import type { Client } from "./client/client.ts";
import { type JsonRecord, numberAt, recordAt } from "./json.ts";
import { appColumns } from "./output/app-columns.ts";
import type { Shown } from "./output/format.ts";
import { runChange } from "./run-change.ts";

/** Path of an app, or of something of it. */
export const appPath = (id: string, verb = ""): string =>
  `/v1/apps/${encodeURIComponent(id)}${verb === "" ? "" : `/${verb}`}`;

export const shownApp = (app: JsonRecord): Shown => ({
  data: app,
  items: [app],
  columns: appColumns,
});

export const generationOf = (app: JsonRecord): string =>
  `generation ${numberAt(app, "generation") ?? "?"}`;

export interface AppChange {
  /** The route's last part, and what is done in words: `disable`. */
  readonly verb: string;
  /** Sent beside the reason. */
  readonly body?: JsonRecord;
  /** Intent, and with it the generation, stays as it is. */
  readonly leavesIntent?: boolean;
  /** Sends it otherwise than by posting the verb. */
  send?(client: Client, reason: string): Promise<JsonRecord>;
  /** In words, what the app would then be, such as "is to be disabled"; `undefined`: it is so. */
  would(app: JsonRecord): string | undefined;
  /** In words, what was done. */
  did(app: JsonRecord): string;
  /** In words, how it was already. */
  was(app: JsonRecord): string;
}

export const runAppChange = (cli: Cli, id: string, change: AppChange): Promise<void> =>
  runChange(cli, {
    what: `${change.verb} ${id}`,
    plan: async (client) => {
      const app = await client.get(appPath(id));
      const next = change.would(app);
      const generation = change.leavesIntent
        ? `${generationOf(app)} would stay`
        : `${generationOf(app)} would become ${(numberAt(app, "generation") ?? 0) + 1}`;
      const would =
        next === undefined ? `${change.was(app)}, ${generationOf(app)}` : `${next}; ${generation}`;
      return { would, shown: shownApp(app) };
    },
    send: async (client, reason) => {
      const answer =
        (await change.send?.(client, reason)) ??
        (await client.post(appPath(id, change.verb), { ...change.body, reason }));
      const app = recordAt(answer, "app");
      const did =
        answer["changed"] === true
          ? `${change.did(app)}, ${generationOf(app)}; follow it: muster apps status ${id} --watch`
          : `${change.was(app)}, ${generationOf(app)}; nothing was changed`;
      return { did, shown: { ...shownApp(app), data: answer, lines: [answer] } };
    },
  });
