/** Runs a command that only reads: once, or again and again with `--watch`. */
import type { Cli } from "./cli.ts";
import { hasCode, interrupted } from "./cli-error.ts";
import type { Client } from "./client/client.ts";
import { render, type Shown } from "./output/format.ts";
import { printError } from "./output/print-error.ts";
import { pause } from "./pause.ts";

const everyMs = 1_000;
/** Moves to the top left and clears what is below. */
const clear = "\u001b[H\u001b[J";

/** Tells of an error whether it may pass while a watch goes on. */
export const mayPass = (error: unknown): boolean =>
  hasCode(error) &&
  ["UNREACHABLE", "TIMED_OUT", "BACKEND_UNAVAILABLE", "NOT_MUSTER"].includes(error.code);

const watch = async (
  cli: Cli,
  client: Client,
  load: (client: Client) => Promise<Shown>,
): Promise<never> => {
  const { io, flags, paint } = cli;
  // An array printed once can never grow: a line per change can.
  const format = cli.asJson ? "jsonl" : flags.format;
  const redraw = !cli.asJson && io.outIsTerminal;
  let last: string | undefined;
  for (;;) {
    try {
      const shown = await load(client);
      const lines = cli.asJson ? { ...shown, lines: [shown.data] } : shown;
      const text = await render(lines, { format, headers: flags.headers, paint });
      const version = shown.version ?? text;
      if (version !== last) io.out(redraw ? clear + text : text);
      last = version;
    } catch (error) {
      if (io.interrupt.aborted) throw interrupted();
      if (last === undefined || !mayPass(error)) throw error;
      last = "";
      printError(io, error, cli.asJson);
    }
    await pause(everyMs, io.interrupt);
  }
};

/** Loads and shows; with `--watch` again at each change, until interrupted. */
export const runRead = async (
  cli: Cli,
  load: (client: Client) => Promise<Shown>,
): Promise<void> => {
  const client = await cli.client();
  if (cli.flags.watch) await watch(cli, client, load);
  await cli.show(await load(client));
};
