import type { Register } from "../noun.ts";
import { placeOf, shownHistory } from "../output/event-history.ts";
import { runRead } from "../run-read.ts";

interface Options {
  readonly since?: string;
  readonly until?: string;
  readonly types?: string;
  readonly subject?: string;
  readonly by?: string;
  readonly limit?: string;
}

/** `muster audit` */
export const registerAudit: Register = (noun, cli) => {
  noun
    .option("--since <when>", "begin there: 10m ago, an instant, or behind the id of an entry")
    .option("--until <when>", "end there: 5m ago, an instant, or before the id of an entry")
    .option("--types <types>", "only these, with commas between; app.* takes all that begin so")
    .option("--subject <subject>", "only about this, such as app/crm-sync")
    .option("--by <name>", "only what this person or service changed")
    .option("--limit <n>", "the newest n, up to 500 (100 unless given)")
    .action(async ({ since, until, ...filter }: Options) => {
      await runRead(cli(), async (client) =>
        shownHistory(
          await client.get("/v1/audit", {
            ...filter,
            since: placeOf("--since", since),
            until: placeOf("--until", until),
          }),
        ),
      );
    });
};
