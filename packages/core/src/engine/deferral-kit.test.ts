/** An actor whose commands wait for others: what the tests of deferred asks share. */
import { z } from "zod";
import { deferral, defineActor, defineEffect, tellTo } from "../define-actor.ts";
import { world } from "./engine-kit.test.ts";

const cents = z.strictObject({ cents: z.number().int() });

export const till = defineActor({
  kind: "till",
  state: z.strictObject({ paid: z.array(z.number()), waiting: z.array(deferral("pay")) }),
  commands: {
    /** Waits until `settle` or `decline` is told; takes note of whom it has to answer. */
    pay: { input: cents, output: z.number().int(), refusals: ["declined"] },
    /** Waits for an effect. */
    charge: { input: cents, output: z.strictObject({ receipt: z.string() }) },
    charged: {
      input: z.strictObject({
        id: deferral("charge"),
        input: cents,
        output: z.string(),
      }),
    },
    chargeFailed: {
      input: z.strictObject({
        id: deferral("charge"),
        input: cents,
        error: z.string(),
        attempts: z.number(),
      }),
    },
    /** Answers all that wait, with what they have paid so far. */
    settle: { input: z.strictObject({}), output: z.number().int() },
    decline: { input: z.strictObject({}) },
    /** Answers the first that waits by a reply of so many characters. */
    shout: { input: z.strictObject({ size: z.number().int() }), output: z.string() },
    /** Waits for ever. */
    hang: { input: z.strictObject({}), output: z.string() },
    /** Tries to answer what is not its own to answer. */
    meddle: {
      input: z.strictObject({
        what: z.enum(["own", "twice", "undeclared", "other"]),
        id: z.string(),
      }),
    },
    /** Tells another till to pay, which nobody waits for. */
    payElsewhere: { input: z.strictObject({ at: z.string() }) },
    look: {
      input: z.strictObject({}),
      output: z.strictObject({ paid: z.array(z.number()), waiting: z.number() }),
      readOnly: true,
    },
  },
});

export const makeTill = (charge: (cents: number) => Promise<string> = async (n) => `r-${n}`) =>
  till.implement({
    initial: () => ({ paid: [], waiting: [] }),
    on: {
      pay: (turn, state, { cents: amount }, { ask }) =>
        turn.next({ paid: [...state.paid, amount], waiting: [...state.waiting, ask] }).defer(),
      charge: (turn, state, input) =>
        turn.next(state, { effects: [{ effect: "card", input }] }).defer(),
      charged: (turn, state, { id, input, output }) =>
        turn
          .next({ ...state, paid: [...state.paid, input.cents] })
          .answer(id, { receipt: output })
          .reply(),
      chargeFailed: (turn, state, { id, error }) =>
        turn
          .next(state)
          .answer(id, { receipt: `none: ${error}` })
          .reply(),
      settle: (turn, state) => {
        let next = turn.next({ ...state, waiting: [] });
        for (const ask of state.waiting) next = next.answer(ask, state.paid.length);
        return next.reply(state.waiting.length);
      },
      decline: (turn, state) => {
        let next = turn.next({ ...state, waiting: [] });
        for (const ask of state.waiting) next = next.answerRefusal(ask, "declined");
        return next.reply();
      },
      shout: (turn, state, { size }) => {
        const [first, ...waiting] = state.waiting;
        const next = turn.next({ ...state, waiting });
        const loud = "x".repeat(size) as never;
        return (first ? next.answer(first, loud) : next).reply("done");
      },
      hang: (turn, state) => turn.next(state).defer(),
      meddle: (turn, state, { what, id }, { ask }) => {
        const next = turn.next({ ...state, waiting: [] });
        const other = (id || state.waiting[0]) as never;
        switch (what) {
          case "own":
            return next.answer(ask as never, 1).reply();
          case "twice":
            return next.answer(other, 1).answer(other, 2).reply();
          case "undeclared":
            return next.answerRefusal(other, "too-late" as never).reply();
          case "other":
            return next.answer(other, 1).reply();
        }
      },
      payElsewhere: (turn, state, { at }) =>
        turn.next(state, { tell: [tellTo(till, at).pay({ cents: 1 })] }).reply(),
      look: (turn, { paid, waiting }) => turn.reply({ paid, waiting: waiting.length }),
    },
    effects: {
      card: defineEffect({
        input: cents,
        output: z.string(),
        retry: { maxAttempts: 2 },
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "charged",
        failed: "chargeFailed",
        run: ({ cents: amount }) => charge(amount),
      }),
    },
  });

/** Two nodes, and a till that `owner` owns, asked from the first. */
export const tills = async (
  owner: string,
  settings: Parameters<typeof world>[0] & { charge?(cents: number): Promise<string> } = {},
) => {
  const all = world({ actors: [makeTill(settings.charge)], ...settings });
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  const id = await all.idOwnedBy(owner);
  const look = () => all.finish(n1.actor(till, id).ask.look({}));
  /** What the store keeps of asks that wait, in all shards. */
  const stored = async (): Promise<number> => {
    const { shards } = await all.outside();
    const own = await shards.inspect({ shards: [0, 1, 2, 3, 4, 5, 6, 7] });
    let count = 0;
    for (const record of own) {
      if (!("claimId" in record) || record.claimId === "none" || record.historyId === "none")
        continue;
      const { shard, claimId, historyId } = record;
      const loaded = await shards.load({ claim: { shard, claimId, historyId } });
      if (loaded.kind === "loaded") count += loaded.image.deferrals.length;
    }
    return count;
  };
  return { ...all, n1, n2, id, ...n1.actor(till, id), look, stored };
};
