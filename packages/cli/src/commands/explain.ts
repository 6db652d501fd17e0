import type { Cli } from "../cli.ts";
import { usageError } from "../cli-error.ts";
import type { Register } from "../noun.ts";
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

/** `muster explain app/ID` */
export const registerExplain: Register = (noun, cli) => {
  noun.argument("<subject>", "app/ID").action(async (subject: string) => {
    const id = /^app\/(.+)$/.exec(subject)?.[1];
    if (id === undefined) {
      throw usageError(`"${subject}" cannot be explained`, "Write app/ID, such as app/crm-sync.");
    }
    await showExplanation(cli(), id);
  });
};
