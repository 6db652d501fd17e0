import type { Register } from "../noun.ts";
import { showFacts } from "./explain.ts";

/** `muster actors get` */
export const registerActors: Register = (noun, cli) => {
  noun
    .command("get <kind> <id>")
    .description("what there is of an actor: owner, mailbox, timers, effects, dead letters, state")
    .action(async (kind: string, id: string) => {
      await showFacts(cli(), `actor/${kind}/${id}`);
    });
};
