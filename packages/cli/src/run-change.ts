/** Runs a command that changes something: a reason first, nothing sent with `--dry-run`. */
import type { Cli } from "./cli.ts";
import { usageError } from "./cli-error.ts";
import type { Client } from "./client/client.ts";
import type { Shown } from "./output/format.ts";

export interface Change {
  /** In words, as in "disable the app crm". */
  readonly what: string;
  /** Reads the present state. @returns what the change would do, in words */
  plan(client: Client): Promise<{ readonly would: string; readonly shown: Shown }>;
  /** @returns what was done, in words */
  send(client: Client, reason: string): Promise<{ readonly did: string; readonly shown: Shown }>;
}

/** Refuses `--watch` where there is nothing to look at again. @throws CliError `USAGE` */
export const refuseWatch = (cli: Cli): void => {
  if (cli.flags.watch) throw usageError("--watch is for commands that show something");
};

/** Asks for the reason, sends the change and shows what came of it. */
export const runChange = async (cli: Cli, change: Change): Promise<void> => {
  refuseWatch(cli);
  if (cli.flags.dryRun) {
    const { would, shown } = await change.plan(await cli.client());
    cli.say(`dry run: ${would}`);
    await cli.show(shown);
    return;
  }
  const client = await cli.client();
  const reason = await cli.reason(change.what);
  const { did, shown } = await change.send(client, reason);
  cli.say(did);
  await cli.show(shown);
};
