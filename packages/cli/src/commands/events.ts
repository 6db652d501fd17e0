import { usageError } from "../cli-error.ts";
import type { Query } from "../client/client.ts";
import type { Register } from "../noun.ts";
import { eventColumns, placeOf, shownHistory } from "../output/event-history.ts";
import { runFollow } from "../run-follow.ts";
import { runRead } from "../run-read.ts";

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly types?: string;
  readonly subject?: string;
  readonly limit?: string;
}

/** `muster events` */
export const registerEvents: Register = (noun, cli) => {
  noun
    .option("-f, --follow", "go on with what happens, until interrupted")
    .option("--since <when>", "begin there: 10m ago, an instant, or behind the id of an event")
    .option("--until <when>", "end there: 5m ago, an instant, or before the id of an event")
    .option("--types <types>", "only these, with commas between; app.* takes all that begin so")
    .option("--subject <subject>", "only about this, such as app/crm-sync")
    .option("--limit <n>", "the newest n, up to 500 (100 unless given)")
    .action(async (options: Options) => {
      const given = cli();
      const { types, subject, limit, until } = options;
      const since = placeOf("--since", options.since);
      const filter: Query = { since, types, subject };
      if (options.follow || given.flags.watch) {
        if (until !== undefined || limit !== undefined) {
          throw usageError("--until and --limit have no meaning with --follow");
        }
        await runFollow(given, {
          path: "/v1/events",
          query: filter,
          show: (item) => ({ data: item, items: [item], columns: eventColumns(true) }),
        });
      }
      await runRead(given, async (client) =>
        shownHistory(
          await client.get("/v1/events", { ...filter, until: placeOf("--until", until), limit }),
        ),
      );
    });
};
