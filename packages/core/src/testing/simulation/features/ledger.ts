/** The actor that simulated callers write to: it keeps what was applied, in order. */
import { z } from "zod";
import { type ActorKind, defineActor, tellTo } from "../../../define-actor.ts";

const input = z.strictObject({ entry: z.string() });

export const ledgerProtocol = defineActor({
  kind: "ledger",
  state: z.strictObject({ entries: z.array(z.string()) }),
  commands: {
    /** Appends; the answer is the length after it. */
    append: { input, output: z.number().int() },
    /** Appends after as many attempts as `failures` says have thrown. */
    stumble: { input: z.strictObject({ entry: z.string(), failures: z.number().int() }) },
    /** Appends, and has another ledger append the same by a message in the commit. */
    forward: {
      input: z.strictObject({ entry: z.string(), told: z.string(), to: z.string() }),
      output: z.number().int(),
    },
    /** Declines, whatever it had decided before. */
    decline: { input, output: z.number().int(), refusals: ["never"] },
    length: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});

export const Ledger: ActorKind = ledgerProtocol.implement({
  initial: () => ({ entries: [] }),
  view: (state) => ({ count: state.entries.length }),
  on: {
    append: (turn, { entries }, { entry }) =>
      turn.next({ entries: [...entries, entry] }).reply(entries.length + 1),
    stumble: (turn, { entries }, { entry, failures }, { attempt }) => {
      if (attempt <= failures) throw new Error(`stumbled over ${entry}`);
      return turn.next({ entries: [...entries, entry] }).reply();
    },
    forward: (turn, { entries }, { entry, told, to }) =>
      turn
        .next(
          { entries: [...entries, entry] },
          { tell: [tellTo(ledgerProtocol, to).append({ entry: told })] },
        )
        .reply(entries.length + 1),
    decline: (turn, { entries }, { entry }) =>
      turn.next({ entries: [...entries, entry] }).refuse("never"),
    length: (turn, { entries }) => turn.reply(entries.length),
  },
}) as unknown as ActorKind;
