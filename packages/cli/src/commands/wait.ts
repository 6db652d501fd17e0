import type { Client } from "../client/client.ts";
import { isCode } from "../client/client.ts";
import { type JsonRecord, numberAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { refuseWatch } from "../run-change.ts";

/** How long a wait lasts unless `--timeout` says otherwise. */
const defaultWaitMs = 60_000;
/** How long one request is held by the node; less than proxies usually allow. */
const heldMs = 10_000;

const appOf = (condition: string): string | undefined =>
  /^app\/([^=]+)=converged$/.exec(condition)?.[1];

/** The intent that stands when the wait begins is the one that is meant, however many requests it takes. */
const generationOf = async (client: Client, condition: string): Promise<number | undefined> => {
  const id = appOf(condition);
  if (id === undefined) return undefined;
  return numberAt(await client.get(`/v1/apps/${encodeURIComponent(id)}`), "generation");
};

/** Asks again while the node's share of the time is used up before ours. */
const waitFor = async (
  client: Client,
  condition: string,
  timeoutMs: number,
): Promise<JsonRecord> => {
  const until = performance.now() + timeoutMs;
  const generation = await generationOf(client, condition);
  for (;;) {
    const left = Math.max(0, Math.round(until - performance.now()));
    try {
      const query = { for: condition, timeoutMs: Math.min(left, heldMs), generation };
      return await client.get("/v1/wait", query);
    } catch (error) {
      const isOver = left <= heldMs;
      if (isOver || !isCode(error, "WAIT_TIMEOUT")) throw error;
    }
  }
};

/** `muster wait --for CONDITION` */
export const registerWait: Register = (noun, cli) => {
  noun
    .requiredOption(
      "--for <condition>",
      "healthy, nodes=3, app/ID=converged|enabled|disabled|gone, drained=NODE, drift=0, dead-letters=0",
    )
    .addHelpText(
      "after",
      "\n--timeout limits the whole wait (60s unless given); 0 looks once. Ends with 0 when the condition\nholds, 1 when it cannot come any more, 6 when a newer intent took its place, 8 when time is up.\n",
    )
    .action(async (options: { readonly for: string }) => {
      const given = cli();
      refuseWatch(given);
      const timeoutMs = given.flags.timeoutMs ?? defaultWaitMs;
      const client = await given.client({ atLeastMs: heldMs + 5_000 });
      const answer = await waitFor(client, options.for, timeoutMs);
      const missing = Array.isArray(answer["notConfirmed"]) ? answer["notConfirmed"] : [];
      const unseen = missing.length > 0 ? `; not asked, since lost: ${missing.join(", ")}` : "";
      given.say(`${textAt(answer, "condition") ?? options.for} holds${unseen}`);
      if (given.flags.format !== "table" && given.flags.format !== "wide") {
        await given.show({ data: answer, items: [answer], columns: [] });
      }
    });
};
