/** An order that is paid by an effect, expires by a timer, and tells the stock what it took. */
import { defineActor, defineEffect, tellTo } from "@muster/core";
import { z } from "zod";

export const stock = defineActor({
  kind: "stock",
  state: z.strictObject({ left: z.number().int() }),
  commands: {
    take: { input: z.strictObject({ count: z.number().int().positive() }) },
    left: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});

export const Stock = stock.implement({
  initial: () => ({ left: 10 }),
  on: {
    take: (turn, state, { count }) => turn.next({ left: state.left - count }).reply(),
    left: (turn, state) => turn.reply(state.left),
  },
});

const status = z.enum(["new", "paying", "paid", "failed", "expired"]);

export const order = defineActor({
  kind: "order",
  state: z.strictObject({ item: z.string(), count: z.number().int(), status }),
  commands: {
    place: {
      input: z.strictObject({ item: z.string().min(1), count: z.number().int().positive() }),
      refusals: ["placed-already", "too-many"],
    },
    pay: { input: z.strictObject({}), refusals: ["not-placed"] },
    paid: { input: z.looseObject({ output: z.strictObject({ receipt: z.string() }) }) },
    payFailed: { input: z.looseObject({ error: z.string() }) },
    expire: { input: z.strictObject({}) },
    status: { input: z.strictObject({}), output: status, readOnly: true },
  },
});

let calls = 0;

/** Calls the bank. It fails twice before it works, to show that the runtime tries again. */
const charge = defineEffect({
  input: z.strictObject({ item: z.string(), count: z.number().int() }),
  output: z.strictObject({ receipt: z.string() }),
  retry: { strategy: "constant", baseMs: 50, maxAttempts: 5 },
  onCrash: "rerun",
  // Whoever is called must know the key, so that a repeat after a crash charges nobody twice.
  run: async (_input, { idempotencyKey, attempt }) => {
    calls += 1;
    if (calls < 3) throw new Error("the bank does not answer");
    return { receipt: `receipt-${attempt}-${idempotencyKey.length}` };
  },
  // What comes of it is a command to the actor itself.
  // biome-ignore lint/suspicious/noThenProperty: it names a command
  then: "paid",
  failed: "payFailed",
});

export const Order = order.implement({
  initial: () => ({ item: "", count: 0, status: "new" as const }),
  effects: { charge },
  // A row that every node keeps in memory; replicas follow it.
  view: (state) => ({ item: state.item, status: state.status }),
  on: {
    place: (turn, state, { item, count }) => {
      if (state.item !== "") return turn.refuse("placed-already");
      if (count > 5) return turn.refuse("too-many");
      return turn
        .next(
          { item, count, status: "new" },
          { timers: [{ name: "expiry", afterMs: 60_000, command: "expire", input: {} }] },
        )
        .reply();
    },
    pay: (turn, state) =>
      state.status !== "new" || state.item === ""
        ? turn.refuse("not-placed")
        : turn
            .next(
              { ...state, status: "paying" },
              {
                timers: [{ name: "expiry", cancel: true }],
                effects: [{ effect: "charge", input: { item: state.item, count: state.count } }],
              },
            )
            .reply(),
    paid: (turn, state) =>
      // The message to the stock is written with the state: both or neither.
      turn
        .next(
          { ...state, status: "paid" },
          { tell: [tellTo(stock, state.item).take({ count: state.count })] },
        )
        .reply(),
    payFailed: (turn, state) => turn.next({ ...state, status: "failed" }).reply(),
    expire: (turn, state) => turn.next({ ...state, status: "expired" }).reply(),
    status: (turn, state) => turn.reply(state.status),
  },
});
