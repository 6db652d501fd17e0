/**
 * One order: placed, paid through a provider that may fail, or expired when nobody pays in time.
 * The protocol comes first, the behaviour second: that is what lets TypeScript infer everything.
 */
import { defineActor, defineEffect, tellTo } from "@muster/core";
import { z } from "zod";
import { stock } from "./stock.ts";

const status = z.enum(["new", "placed", "paying", "paid", "unpaid", "expired"]);
const charge = z.strictObject({ customer: z.string(), cents: z.number().int() });
const receipt = z.strictObject({ receipt: z.string() });

export const order = defineActor({
  kind: "order",
  state: z.strictObject({
    status,
    item: z.string(),
    count: z.number().int(),
    receipt: z.string().optional(),
  }),
  commands: {
    place: {
      input: z.strictObject({
        item: z.string(),
        count: z.number().int().positive(),
        payWithinMs: z.number().int().positive(),
      }),
      refusals: ["already-placed"],
    },
    pay: { input: charge, refusals: ["not-placed"] },
    /** What the effect `charge` came to. */
    charged: { input: z.strictObject({ id: z.string(), input: charge, output: receipt }) },
    chargeFailed: {
      input: z.strictObject({
        id: z.string(),
        input: charge,
        error: z.string(),
        attempts: z.number().int(),
      }),
    },
    /** Told by the timer. */
    expire: { input: z.strictObject({}) },
  },
});

/** The list row of an order, which every node keeps in memory. */
export const orderRow = z.strictObject({ status, item: z.string(), count: z.number().int() });
export type OrderRow = z.output<typeof orderRow>;

/** Takes money; throws when the provider cannot be reached. */
export type Charge = (
  request: z.output<typeof charge>,
  context: { readonly idempotencyKey: string; readonly attempt: number },
) => Promise<z.output<typeof receipt>>;

/** The behaviour, given the way to the payment provider. */
export const orderKind = (chargeCustomer: Charge) =>
  order.implement({
    initial: () => ({ status: "new", item: "", count: 0 }),
    on: {
      place: (turn, state, { item, count, payWithinMs }) =>
        state.status === "new"
          ? turn
              .next(
                { status: "placed", item, count },
                {
                  timers: [{ name: "unpaid", afterMs: payWithinMs, command: "expire", input: {} }],
                  events: [{ type: "order.placed" }],
                },
              )
              .reply()
          : turn.refuse("already-placed"),
      pay: (turn, state, input) =>
        state.status === "placed"
          ? turn
              .next(
                { ...state, status: "paying" },
                {
                  timers: [{ name: "unpaid", cancel: true }],
                  effects: [{ effect: "charge", id: "charge", input }],
                },
              )
              .reply()
          : turn.refuse("not-placed"),
      charged: (turn, state, { output }) =>
        turn
          .next(
            { ...state, status: "paid", receipt: output.receipt },
            { tell: [tellTo(stock, state.item).reserve({ count: state.count })] },
          )
          .reply(),
      chargeFailed: (turn, state) => turn.next({ ...state, status: "unpaid" }).reply(),
      expire: (turn, state) =>
        state.status === "placed"
          ? turn.next({ ...state, status: "expired" }).reply()
          : turn.reply(),
    },
    effects: {
      charge: defineEffect({
        input: charge,
        output: receipt,
        retry: { baseMs: 100, maxAttempts: 5 },
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "charged",
        failed: "chargeFailed",
        // A repeat after a crash carries the same key, so the provider takes the money once.
        run: (request, { idempotencyKey, attempt }) =>
          chargeCustomer(request, { idempotencyKey, attempt }),
      }),
    },
    view: ({ status, item, count }) => ({ status, item, count }),
    row: orderRow,
  });
