/** A command declines as its protocol declares: the caller is told, and nothing else happens. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { defineActor, tellTo } from "../define-actor.ts";
import { Journal, journal, world } from "./engine-kit.test.ts";

const account = defineActor({
  kind: "account",
  state: z.strictObject({ cents: z.number().int() }),
  commands: {
    pay: {
      input: z.strictObject({ cents: z.number().int() }),
      output: z.number().int(),
      refusals: ["too-much", "negative"],
    },
    balance: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
const Account = account.implement({
  initial: () => ({ cents: 100 }),
  on: {
    pay: (turn, state, { cents }) => {
      const paid = turn.next(
        { cents: state.cents - cents },
        {
          tell: [tellTo(journal, "payments").write({ line: `${cents}` })],
          timers: [{ name: "again", afterMs: 10, command: "pay", input: { cents: 1 } }],
          events: [{ type: "paid" }],
        },
      );
      if (cents < 0) return turn.refuse("negative");
      return cents > state.cents ? paid.refuse("too-much") : paid.reply(state.cents - cents);
    },
    balance: (turn, state) => turn.reply(state.cents),
  },
});

test.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("a refusal by an actor %s keeps nothing of the decision", async (_, owner) => {
  const { clock, deadLetters, finish, idOwnedBy, read, start } = world({
    actors: [Account, Journal],
  });
  const n1 = await start("n1");
  await start("n2");
  const { ask, tell } = n1.actor(account, await idOwnedBy(owner));
  expect(await finish(ask.pay({ cents: 500 }))).toEqual({ ok: false, refusal: "too-much" });
  expect(await finish(ask.pay({ cents: -1 }))).toEqual({ ok: false, refusal: "negative" });
  await finish(tell.pay({ cents: 500 }));
  await clock.runFor(1_000);
  expect(await finish(ask.balance({}))).toBe(100);
  expect(await read(n1, "payments")).toEqual([]);
  expect(await deadLetters()).toEqual([]);
});

test("a command with declared refusals answers its output as a value", async () => {
  const { finish, start } = world({ actors: [Account, Journal] });
  const n1 = await start("n1");
  const { ask } = n1.actor(account, "a");
  expect(await finish(ask.pay({ cents: 30 }))).toEqual({ ok: true, value: 70 });
});
