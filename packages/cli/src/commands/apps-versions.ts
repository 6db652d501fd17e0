/** `muster apps [update|rollback|uninstall]`: which version is there, or none. */
import { appPath, runAppChange } from "../app-change.ts";
import { usageError } from "../cli-error.ts";
import { recordAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";

const parseCount = (text: string): number => {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usageError(`--canary "${text}" is no number of nodes`, "Write 1, 2 …");
};

interface UpdateFlags {
  readonly version: string;
  readonly ref?: string;
  readonly canary?: number;
}

export const registerVersions: Register = (noun, cli) => {
  noun
    .command("update <app>")
    .description("replaces the version on every node; what is wanted is left as it is")
    .requiredOption("--version <version>", "version of the package")
    .option("--ref <text>", "what the nodes need to find the package")
    .option("--canary <n>", "so many nodes first; the others follow by themselves", parseCount)
    .action(async (id: string, { canary, ref, version }: UpdateFlags) => {
      const first =
        canary === undefined ? "" : `, ${canary} ${canary === 1 ? "node" : "nodes"} first`;
      await runAppChange(cli(), id, {
        verb: "update",
        body: {
          version,
          ...(ref !== undefined && { ref }),
          ...(canary !== undefined && { canary }),
        },
        would: (app) =>
          textAt(app, "version") === version && app["rollout"] === undefined
            ? undefined
            : `update ${id} from ${textAt(app, "version") ?? "?"} to ${version}${first}`,
        did: () => `${id} is to run ${version}${first}`,
        was: () => `${id} is to run ${version} already`,
      });
    });
  noun
    .command("rollback <app>")
    .description("goes back to the version before the last update")
    .action(async (id: string) => {
      await runAppChange(cli(), id, {
        verb: "rollback",
        would: (app) =>
          `go back from ${textAt(app, "version")} to ${textAt(app, "previousVersion")}`,
        did: (app) => `${id} is to run ${textAt(app, "version") ?? "?"} again`,
        was: (app) => `${id} runs ${textAt(app, "version") ?? "?"} already`,
      });
    });
  noun
    .command("uninstall <app>")
    .description("takes the app away: torn down on every node, then purged once")
    .option("--force", "also when it is paused; tries a failed purge anew")
    .action(async (id: string, { force }: { readonly force?: boolean }) => {
      const given = cli();
      if (!given.flags.dryRun) await given.confirm(`uninstall ${id}`);
      await runAppChange(given, id, {
        verb: "uninstall",
        would: (app) =>
          textAt(app, "desiredStatus") === "uninstalled"
            ? undefined
            : `tear ${id} down on every node and purge what it left`,
        did: () => `${id} is being uninstalled`,
        was: (app) =>
          textAt(recordAt(app, "uninstall"), "phase") === undefined
            ? `${id} is uninstalled already`
            : `${id} is being uninstalled already`,
        send: (client, reason) =>
          client.delete(appPath(id), { reason, force: force === true ? true : undefined }),
      });
    });
};
