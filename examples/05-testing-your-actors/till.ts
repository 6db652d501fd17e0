/**
 * The till of a shop, and one with a mistake in it: both pass the tests of a single node, and only
 * one of them keeps its promise when things go wrong.
 */
import { defineActor, type Turn } from "@muster/core";
import { z } from "zod";

const cents = z.number().int().positive();
const pay = {
  input: z.strictObject({ order: z.string(), cents }),
  output: z.number().int(),
  refusals: ["closed"],
} as const;

export const till = defineActor({
  kind: "till",
  state: z.strictObject({
    open: z.boolean(),
    /** What came in, in cents. */
    total: z.number().int(),
    /** Orders that were paid. */
    paid: z.array(z.string()),
  }),
  commands: {
    open: { input: z.strictObject({}) },
    close: { input: z.strictObject({}) },
    /** Takes the money for an order; answers what is in the till. */
    pay,
    total: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
type State = z.output<typeof till.state>;

const openForMs = 8 * 3_600_000;

const tillThat = (
  takes: (
    turn: Turn<State, typeof pay>,
    state: State,
    payment: z.output<typeof pay.input>,
  ) => ReturnType<typeof turn.reply>,
) =>
  till.implement({
    initial: () => ({ open: false, total: 0, paid: [] }),
    on: {
      open: (turn, state) =>
        turn
          .next(
            { ...state, open: true },
            { timers: [{ name: "close", afterMs: openForMs, command: "close", input: {} }] },
          )
          .reply(),
      close: (turn, state) => turn.next({ ...state, open: false }).reply(),
      pay: (turn, state, payment) =>
        state.open ? takes(turn, state, payment) : turn.refuse("closed"),
      total: (turn, { total }) => turn.reply(total),
    },
  });

const taken = (state: State, order: string, cents: number): State => ({
  ...state,
  total: state.total + cents,
  paid: [...state.paid, order],
});

/** An order that is paid once more changes nothing: whoever is in doubt may pay again. */
export const Till = tillThat((turn, state, { order, cents }) =>
  state.paid.includes(order)
    ? turn.reply(state.total)
    : turn.next(taken(state, order, cents)).reply(state.total + cents),
);

/** Looks the same to everybody who pays once. */
export const ForgetfulTill = tillThat((turn, state, { order, cents }) =>
  turn.next(taken(state, order, cents)).reply(state.total + cents),
);
