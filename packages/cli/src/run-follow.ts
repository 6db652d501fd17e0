/** Follows a stream until interrupted: shows each item as it comes, and goes on where it broke off. */
import type { Cli } from "./cli.ts";
import { interrupted } from "./cli-error.ts";
import type { Client, Query } from "./client/client.ts";
import type { JsonRecord } from "./json.ts";
import { render, type Shown } from "./output/format.ts";
import { printError } from "./output/print-error.ts";
import { pause } from "./pause.ts";
import { mayPass } from "./run-read.ts";

const again = 1_000;

export interface Follow {
  readonly path: string;
  readonly query: Query;
  /** `first`: headers have not been shown yet. */
  show(item: JsonRecord, first: boolean): Shown;
}

export const runFollow = async (cli: Cli, { path, query, show }: Follow): Promise<never> => {
  const { io, flags, paint } = cli;
  const client: Client = await cli.client();
  const { since, ...filter } = query;
  let after: string | undefined;
  let began = false;
  let shownAny = false;
  let told: string | undefined;
  for (;;) {
    try {
      const from = after === undefined ? { ...filter, since } : filter;
      for await (const frame of client.stream(path, from, after)) {
        began = true;
        told = undefined;
        after = frame.id ?? after;
        if (frame.event === undefined) continue;
        if (frame.event === "end") break;
        const format = cli.asJson ? "jsonl" : flags.format;
        const headers = flags.headers && !shownAny;
        const text = await render(show(frame.data, !shownAny), { format, headers, paint });
        io.out(format === "yaml" ? `---\n${text}` : text);
        shownAny = true;
      }
    } catch (error) {
      if (io.interrupt.aborted) throw interrupted();
      if (!began || !mayPass(error)) throw error;
      if (String(error) !== told) printError(io, error, cli.asJson);
      told = String(error);
    }
    if (io.interrupt.aborted) throw interrupted();
    await pause(again, io.interrupt);
  }
};
