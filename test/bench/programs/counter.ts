/** The actor of the bench: a small state, one change, one answer. */
import { defineActor } from "@muster/core";
import { z } from "zod";

export const counter = defineActor({
  kind: "counter",
  state: z.strictObject({ value: z.number().int() }),
  commands: {
    add: { input: z.strictObject({ by: z.number().int() }), output: z.number().int() },
    /** Answers which process ran the turn: how fail-over is seen from outside. */
    where: { input: z.strictObject({}), output: z.number().int() },
  },
});

export const Counter = counter.implement({
  initial: () => ({ value: 0 }),
  on: {
    add: (turn, state, { by }) => turn.next({ value: state.value + by }).reply(state.value + by),
    where: (turn, state) => turn.next(state).reply(process.pid),
  },
});
