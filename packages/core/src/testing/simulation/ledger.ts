/** The actor that simulated clients write to: it keeps what was applied, in order, so that every promise can be checked afterwards. */
import { z } from "zod";
import { defineActor, tellTo } from "../../define-actor.ts";

const entry = z.strictObject({ sender: z.string(), n: z.number().int() });

export const ledgerProtocol = defineActor({
  kind: "ledger",
  state: z.strictObject({ entries: z.array(entry), ticks: z.number().int() }),
  commands: {
    /** Appends; the answer is the length after it. */
    append: { input: entry, output: z.number().int() },
    /** Appends, and has another ledger append the same by a message in the commit. */
    forward: {
      input: z.strictObject({ sender: z.string(), n: z.number().int(), to: z.string() }),
      output: z.number().int(),
    },
    /** Sets a timer whose consequence is counted. */
    arm: { input: z.strictObject({ name: z.string(), afterMs: z.number().int() }) },
    tick: { input: z.strictObject({ name: z.string() }) },
    read: {
      input: z.strictObject({}),
      output: z.strictObject({ entries: z.array(entry), ticks: z.number().int() }),
      readOnly: true,
    },
  },
});

export const Ledger = ledgerProtocol.implement({
  initial: () => ({ entries: [], ticks: 0 }),
  view: (state) => ({ count: state.entries.length, ticks: state.ticks }),
  on: {
    append: (turn, state, { sender, n }) => {
      const entries = [...state.entries, { sender, n }];
      return turn.next({ ...state, entries }).reply(entries.length);
    },
    forward: (turn, state, { sender, n, to }) => {
      const entries = [...state.entries, { sender, n }];
      const tell = [tellTo(ledgerProtocol, to).append({ sender: `${sender}>`, n })];
      return turn.next({ ...state, entries }, { tell }).reply(entries.length);
    },
    arm: (turn, state, { name, afterMs }) =>
      turn.next(state, { timers: [{ name, afterMs, command: "tick", input: { name } }] }).reply(),
    tick: (turn, state) => turn.next({ ...state, ticks: state.ticks + 1 }).reply(),
    read: (turn, state) => turn.reply(state),
  },
});
