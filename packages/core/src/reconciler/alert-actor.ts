/** One alert: opens and closes once for its kind, subject and cause, and tells the sinks of both. */
import { z } from "zod";
import { changeReason } from "../apps/intent.ts";
import { defineActor, defineEffect, type EffectStart, type Facts } from "../define-actor.ts";
import { type AlertAbout, type AlertRow, alertAbout, alertRow } from "./model.ts";

/** Alerts and the reconciler share a shard, so that a pass and its alerts are one commit. */
export const reconcilerPartition = "muster:reconciler";

/** Told of each opening and closing; may be told again after a crash, under the same key. */
export type AlertSink = (
  event: { readonly type: "alert.opened" | "alert.closed"; readonly alert: AlertRow },
  context: { readonly signal: AbortSignal; readonly idempotencyKey: string },
) => Promise<void> | void;

const delivery = z.strictObject({
  sink: z.int().nonnegative(),
  type: z.enum(["alert.opened", "alert.closed"]),
  alert: alertRow,
});
const outcome = z.looseObject({ id: z.string() });

export const alertProtocol = defineActor({
  kind: "alert",
  state: z.strictObject({ alert: alertRow.nullable() }),
  partition: () => reconcilerPartition,
  commands: {
    open: { input: alertAbout },
    close: { input: z.strictObject({}) },
    forget: { input: z.strictObject({}) },
    ack: {
      input: z.strictObject({ reason: changeReason }),
      output: alertRow,
      refusals: ["not-open", "no-principal"],
    },
    delivered: { input: outcome },
    undelivered: { input: outcome },
  },
});

const openedBy = (before: AlertRow | null, about: AlertAbout, facts: Facts): AlertRow => ({
  ...about,
  id: facts.self.id,
  openedAt: facts.now,
  count: (before?.count ?? 0) + 1,
  ackedBy: null,
  ackReason: null,
  closedAt: null,
});

/** Makes the kind; its sinks are those of the node that owns the alert. */
export const createAlertActor = (sinks: readonly AlertSink[]) => {
  const tellSinks = (
    type: z.output<typeof delivery>["type"],
    alert: AlertRow,
    { turnId }: Facts,
  ): readonly EffectStart[] =>
    sinks.map((_, sink) => ({
      effect: "deliver",
      id: `${turnId}.${sink}`,
      input: { sink, type, alert },
    }));

  return alertProtocol.implement({
    initial: () => ({ alert: null }),
    view: ({ alert }) => alert ?? undefined,
    row: alertRow,
    on: {
      open: (turn, { alert }, about, facts) => {
        if (alert?.closedAt === null) {
          const same = alert.message === about.message && alert.remedy === about.remedy;
          return same ? turn.reply() : turn.next({ alert: { ...alert, ...about } }).reply();
        }
        const opened = openedBy(alert, about, facts);
        const events = [{ type: "alert.opened", data: { id: opened.id, message: opened.message } }];
        const effects = tellSinks("alert.opened", opened, facts);
        return turn.next({ alert: opened }, { events, effects }).reply();
      },
      close: (turn, { alert }, _, facts) => {
        if (alert?.closedAt !== null) return turn.reply();
        const closed = { ...alert, closedAt: facts.now };
        const events = [{ type: "alert.closed", data: { id: closed.id } }];
        const effects = tellSinks("alert.closed", closed, facts);
        return turn.next({ alert: closed }, { events, effects }).reply();
      },
      forget: (turn, { alert }) =>
        alert?.closedAt === null ? turn.reply() : turn.next({ alert: null }).reply(),
      ack: (turn, { alert }, { reason }, facts) => {
        if (facts.principal === undefined) return turn.refuse("no-principal");
        if (alert?.closedAt !== null) return turn.refuse("not-open");
        const acked = { ...alert, ackedBy: facts.principal, ackReason: reason };
        return turn
          .next(
            { alert: acked },
            { events: [{ type: "alert.acked", reason, data: { id: acked.id } }] },
          )
          .reply(acked);
      },
      delivered: (turn) => turn.reply(),
      undelivered: (turn) => turn.reply(),
    },
    effects: {
      deliver: defineEffect({
        input: delivery,
        output: z.null(),
        retry: { maxAttempts: 10 },
        // biome-ignore lint/suspicious/noThenProperty: the command told after success
        then: "delivered",
        failed: "undelivered",
        run: async ({ sink, type, alert }, { signal, idempotencyKey }) => {
          // A node with fewer sinks has nothing to tell this one's.
          await sinks[sink]?.({ type, alert }, { signal, idempotencyKey });
          return null;
        },
      }),
    },
  });
};
