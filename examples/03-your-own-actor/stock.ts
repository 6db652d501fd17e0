/** How many of one item are left. Told by orders, so a reservation arrives exactly once. */
import { defineActor } from "@muster/core";
import { z } from "zod";

export const stock = defineActor({
  kind: "stock",
  state: z.strictObject({ left: z.number().int() }),
  commands: {
    reserve: { input: z.strictObject({ count: z.number().int().positive() }) },
    left: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});

export const Stock = stock.implement({
  initial: () => ({ left: 10 }),
  on: {
    reserve: (turn, { left }, { count }) => turn.next({ left: left - count }).reply(),
    left: (turn, { left }) => turn.reply(left),
  },
});
