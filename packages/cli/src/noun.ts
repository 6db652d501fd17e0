/** A noun of the command line: `muster <noun> <verb>`. Its module is loaded when it is called. */
import type { Command } from "commander";
import type { Cli } from "./cli.ts";

/** Fills in the command of a noun: its verbs, arguments, flags and actions. */
export type Register = (noun: Command, cli: () => Cli) => void;

export interface Noun {
  readonly name: string;
  readonly summary: string;
  /** Taken when no verb is named. */
  readonly defaultVerb?: string;
  load(): Promise<Register>;
}
