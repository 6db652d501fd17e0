/** `muster apps [enable|disable|settings|licence|manage]`, and what is given to an app that is there. */
import { type Command, Option } from "commander";
import { type AppChange, runAppChange } from "../app-change.ts";
import { readLicence, readSettings, type SettingsFlags } from "../app-inputs.ts";
import type { Cli } from "../cli.ts";
import { usageError } from "../cli-error.ts";
import { textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { registerHolds } from "./apps-holds.ts";
import { registerVersions } from "./apps-versions.ts";

const desired = (verb: "enable" | "disable", id: string): AppChange => {
  const status = `${verb}d`;
  return {
    verb,
    would: (app) => (textAt(app, "desiredStatus") === status ? undefined : `${verb} ${id}`),
    did: () => `${id} is to be ${status}`,
    was: () => `${id} is to be ${status} already`,
  };
};

const registerDesired = (noun: Command, cli: () => Cli): void => {
  const verbs = [
    ["enable", "wants the app to run on every node"],
    ["disable", "wants the app to be off on every node"],
  ] as const;
  for (const [verb, description] of verbs) {
    noun
      .command(`${verb} <app>`)
      .description(description)
      .action((id: string) => runAppChange(cli(), id, desired(verb, id)));
  }
};

const registerInputs = (noun: Command, cli: () => Cli): void => {
  noun
    .command("settings <app>")
    .description("replaces all settings of the app; nodes take them without a restart")
    .option("--set <key=value...>", "a setting; its value is JSON where it can be, else text")
    .option("--settings <file>", "settings as a JSON object; - reads standard input")
    .action(async (id: string, flags: SettingsFlags) => {
      const given = cli();
      const settings = await readSettings(flags, given.io);
      if (settings === undefined) {
        throw usageError(
          "apps settings needs --set or --settings",
          "What you give replaces all that was set before.",
        );
      }
      await runAppChange(given, id, {
        verb: "settings",
        body: { settings },
        would: () => `replace the settings of ${id} by ${Object.keys(settings).length}`,
        did: () => `${id} has new settings`,
        was: () => `${id} had these settings already`,
      });
    });
  noun
    .command("licence <app>")
    .description("gives the app its licence, which every node checks at once")
    .option("--file <file>", "file that holds the licence; - reads standard input")
    .addOption(new Option("--remove", "takes the licence away").conflicts("file"))
    .action(async (id: string, flags: { readonly file?: string; readonly remove?: boolean }) => {
      const given = cli();
      if (flags.file === undefined && !flags.remove) {
        throw usageError("apps licence needs --file or --remove");
      }
      const licence = flags.file === undefined ? null : await readLicence(flags.file, given.io);
      const had = (app: Parameters<AppChange["was"]>[0]) => app["hasLicence"] === true;
      await runAppChange(given, id, {
        verb: "licence",
        body: { licence },
        would: (app) => {
          if (licence !== null) return `give ${id} a licence`;
          return had(app) ? `take the licence of ${id} away` : undefined;
        },
        did: () => (licence === null ? `${id} has no licence any more` : `${id} has its licence`),
        was: () => (licence === null ? `${id} had no licence` : `${id} had this licence already`),
      });
    });
  noun
    .command("manage <app> <mode>")
    .description("enforce: nodes act on the app; observe: they only report what they see")
    .action(async (id: string, mode: string) => {
      if (mode !== "enforce" && mode !== "observe") {
        throw usageError(`"${mode}" is no mode`, "Modes: enforce, observe.");
      }
      await runAppChange(cli(), id, {
        verb: "manage",
        body: { mode },
        would: (app) => (textAt(app, "management") === mode ? undefined : `${mode} ${id}`),
        did: () => `nodes ${mode} ${id}`,
        was: () => `nodes ${mode} ${id} already`,
      });
    });
};

export const registerAppChanges: Register = (noun, cli) => {
  registerDesired(noun, cli);
  registerInputs(noun, cli);
  registerVersions(noun, cli);
  registerHolds(noun, cli);
};
