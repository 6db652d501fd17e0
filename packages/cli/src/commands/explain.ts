import type { Cli } from "../cli.ts";
import { usageError } from "../cli-error.ts";
import type { Register } from "../noun.ts";
import { factsText } from "../output/facts-text.ts";
import { explanationText } from "../output/told-text.ts";
import { runRead } from "../run-read.ts";

/** Asks why an app is as it is, and shows it. */
export const showExplanation = async (cli: Cli, id: string): Promise<void> => {
  await runRead(cli, async (client) => {
    const explanation = await client.get(`/v1/explain/app/${encodeURIComponent(id)}`);
    return {
      data: explanation,
      items: [explanation],
      columns: [],
      name: () => `app/${id}`,
      text: (_, wide) => explanationText(explanation, { wide, ...cli }),
    };
  });
};

const subjects = "Write app/ID, actor/KIND/ID or shard/N, such as app/crm-sync.";

/** Path of what a subject other than an app is explained by. */
const pathOf = (subject: string): string | undefined => {
  const shard = /^shard\/(\d{1,6})$/.exec(subject)?.[1];
  if (shard !== undefined) return `/v1/explain/shard/${shard}`;
  const [, kind = "", id] = /^actor\/([^/]+)\/(.+)$/s.exec(subject) ?? [];
  if (id === undefined) return undefined;
  return `/v1/explain/actor/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
};

/** Asks what there is of a shard or an actor, and shows it. */
export const showFacts = async (cli: Cli, subject: string): Promise<void> => {
  const path = pathOf(subject);
  if (path === undefined) throw usageError(`"${subject}" cannot be explained`, subjects);
  await runRead(cli, async (client) => {
    const explanation = await client.get(path);
    return {
      data: explanation,
      items: [explanation],
      columns: [],
      name: () => subject,
      text: () => factsText(explanation, cli),
    };
  });
};

/** `muster explain app/ID`, `actor/KIND/ID`, `shard/N` */
export const registerExplain: Register = (noun, cli) => {
  noun.argument("<subject>", "app/ID, actor/KIND/ID or shard/N").action(async (subject: string) => {
    const id = /^app\/(.+)$/.exec(subject)?.[1];
    if (id === undefined) await showFacts(cli(), subject);
    else await showExplanation(cli(), id);
  });
};
