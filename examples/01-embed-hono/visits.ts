/** Counts the visits of one page: a first actor. */
import { defineActor } from "@muster/core";
import { z } from "zod";

export const visits = defineActor({
  kind: "visits",
  state: z.strictObject({ count: z.number().int() }),
  commands: { visit: { input: z.strictObject({}), output: z.number().int() } },
});

export const Visits = visits.implement({
  initial: () => ({ count: 0 }),
  on: { visit: (turn, { count }) => turn.next({ count: count + 1 }).reply(count + 1) },
});
