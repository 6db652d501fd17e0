import { type Command, InvalidArgumentError, Option } from "commander";
import type { Cli } from "../cli.ts";
import { usageError } from "../cli-error.ts";
import type { Client } from "../client/client.ts";
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import { listingOf, readListing } from "../listing.ts";
import type { Register } from "../noun.ts";
import { deadLetterColumns, deadLetterText } from "../output/dead-letter-columns.ts";
import type { Shown } from "../output/format.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";

interface Filters {
  readonly kind?: string;
  readonly actor?: string;
  readonly reasonCode?: string;
  readonly work?: string;
  readonly app?: string;
}

const filterOf = ({
  kind,
  actor,
  reasonCode,
  work,
  app,
}: Filters): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ kind, actor, reason: reasonCode, work, app }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

const withFilters = (command: Command): Command =>
  command
    .option("--kind <kind>", "only letters of actors of this kind")
    .option("--actor <kind/id>", "only letters of one actor")
    .option("--reason-code <code>", "only letters put aside for this reason, such as crash_loop")
    .option("--work <what>", "only messages, timers, effects, asks or mail: message, timer, …")
    .option("--app <app>", "only letters of one app");

const pathOf = (id: string, verb = ""): string =>
  `/v1/dead-letters/${encodeURIComponent(id)}${verb === "" ? "" : `/${verb}`}`;

const one = (letter: JsonRecord, data: JsonRecord = letter): Shown => ({
  data,
  items: [letter],
  columns: deadLetterColumns(new Date().toISOString()),
});

const parseRate = (text: string): number => {
  const rate = Number(text);
  if (rate >= 0.1 && rate <= 1_000) return rate;
  throw new InvalidArgumentError("must be a number from 0.1 to 1000");
};

const replayOne = async (cli: Cli, id: string, again: boolean): Promise<void> => {
  await runChange(cli, {
    what: `replay ${id}`,
    plan: async (client) => {
      const letter = await client.get(pathOf(id));
      const resolution = textAt(letter, "resolution");
      const would =
        resolution === undefined || again
          ? `send again what ${id} holds`
          : `nothing: ${id} is resolved already, as ${resolution}`;
      return { would, shown: one(letter) };
    },
    send: async (client, reason) => {
      const answer = await client.post(pathOf(id, "replay"), { reason, ...(again && { again }) });
      const did =
        answer["changed"] === true ? `sent again what ${id} holds` : `${id} was sent before`;
      return { did, shown: one(recordAt(answer, "letter"), answer) };
    },
  });
};

const resultColumns = [
  { head: "LETTER", cell: (row: JsonRecord) => textAt(row, "id") },
  { head: "RESULT", cell: (row: JsonRecord) => textAt(row, "result") },
  { head: "CODE", cell: (row: JsonRecord) => textAt(row, "code") },
  { head: "MESSAGE", wide: true, cell: (row: JsonRecord) => textAt(row, "message") },
];

/** Sends call after call until all that match were seen. */
const replayAll = async (client: Client, body: JsonRecord): Promise<Shown> => {
  const items: JsonRecord[] = [];
  let cursor: string | undefined;
  do {
    const answer = await client.post("/v1/dead-letters/replay", {
      ...body,
      ...(cursor !== undefined && { cursor }),
    });
    items.push(...recordsAt(answer, "items"));
    cursor = textAt(answer, "nextCursor");
  } while (cursor !== undefined);
  return { data: { items }, items, columns: resultColumns };
};

const replayMany = async (cli: Cli, filters: Filters, rate: number | undefined): Promise<void> => {
  const body = { filter: filterOf(filters), ...(rate !== undefined && { ratePerSecond: rate }) };
  // A call of the node lasts up to ten seconds.
  const client = await cli.client({ atLeastMs: 30_000 });
  if (cli.flags.dryRun) {
    const shown = await replayAll(client, { ...body, reason: "dry run", dryRun: true });
    cli.say(`dry run: send again what ${shown.items.length} letters hold`);
    await cli.show(shown);
    return;
  }
  const reason = await cli.reason("replay all that match");
  const shown = await replayAll(client, { ...body, reason });
  const counts = ["replayed", "skipped", "failed"].map((result) => {
    const count = shown.items.filter((item) => textAt(item, "result") === result).length;
    return `${count} ${result}`;
  });
  cli.say(counts.join(", "));
  await cli.show(shown);
  if (shown.items.some((item) => textAt(item, "result") === "failed")) cli.exitWith(1);
};

const registerReplay = (noun: Command, cli: () => Cli): void => {
  const command = noun
    .command("replay [letter]")
    .description("sends again, once, what a letter holds; or all unresolved ones that match")
    .option("--all", "all unresolved letters, or those that the filters leave")
    .option("--again", "also when the letter is resolved already")
    .addOption(new Option("--rate <n>", "letters a second; 50 unless given").argParser(parseRate));
  withFilters(command).action(
    async (
      id: string | undefined,
      given: Filters & { readonly all?: boolean; readonly again?: boolean; readonly rate?: number },
    ) => {
      const { all = false, again = false, rate, ...filters } = given;
      const isMany = all || Object.keys(filterOf(filters)).length > 0;
      if ((id === undefined) !== isMany) {
        throw usageError("name one letter, or give --all or a filter", "See: muster dead-letters");
      }
      if (id !== undefined) await replayOne(cli(), id, again);
      else await replayMany(cli(), filters, rate);
    },
  );
};

const registerResolve = (noun: Command, cli: () => Cli): void => {
  noun
    .command("resolve <letter>")
    .description("says what became of a letter, so that it counts no more")
    .addOption(
      new Option("--to <resolution>", "what became of it")
        .choices(["ignored", "handled_by_script", "handler_failed"])
        .default("ignored"),
    )
    .action(async (id: string, { to }: { readonly to: string }) => {
      await runChange(cli(), {
        what: `resolve ${id}`,
        plan: async (client) => {
          const letter = await client.get(pathOf(id));
          const present = textAt(letter, "resolution");
          const would =
            present === undefined
              ? `resolve ${id} as ${to}`
              : `nothing: ${id} is resolved already, as ${present}`;
          return { would, shown: one(letter) };
        },
        send: async (client, reason) => {
          const answer = await client.post(pathOf(id, "resolve"), { reason, to });
          const was = answer["changed"] === true ? "" : " already";
          return {
            did: `${id} is resolved as ${to}${was}`,
            shown: one(recordAt(answer, "letter"), answer),
          };
        },
      });
    });
};

/** `muster dead-letters [list|get|count|replay|resolve]` */
export const registerDeadLetters: Register = (noun, cli) => {
  withFilters(
    noun
      .command("list")
      .description("what could not be carried out, oldest first")
      .option("--unresolved", "only those that nobody has resolved"),
  ).action(async (given: Filters & { readonly unresolved?: boolean }) => {
    await runRead(cli(), async (client) => {
      const query = { ...filterOf(given), ...(given.unresolved && { unresolved: true }) };
      const listing = await readListing(client, "/v1/dead-letters", query);
      return listingOf(listing, deadLetterColumns(listing.asOf));
    });
  });
  noun
    .command("get <letter>")
    .description("one letter, with what was put aside")
    .action(async (id: string) => {
      await runRead(cli(), async (client) => {
        const letter = await client.get(pathOf(id));
        return { ...one(letter), text: (table) => deadLetterText(letter, table) };
      });
    });
  noun
    .command("count")
    .description("how many nobody has resolved")
    .action(async () => {
      await runRead(cli(), async (client) => {
        const count = await client.get("/v1/dead-letters/count");
        const parked = numberAt(count, "parked") ?? 0;
        const waiting = parked > 0 ? `, ${parked} waiting for room` : "";
        return {
          data: count,
          items: [count],
          columns: [],
          version: JSON.stringify([count["unresolved"], parked]),
          text: () => `${numberAt(count, "unresolved") ?? 0} unresolved${waiting}\n`,
        };
      });
    });
  registerReplay(noun, cli);
  registerResolve(noun, cli);
};
