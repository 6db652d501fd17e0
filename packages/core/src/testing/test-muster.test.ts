import { expect, test } from "bun:test";
import { z } from "zod";
import { defineActor, defineEffect } from "../define-actor.ts";
import { createTestMuster } from "./test-muster.ts";

const hour = 3_600_000;

const shop = defineActor({
  kind: "shop",
  state: z.strictObject({ open: z.boolean(), takings: z.number(), reports: z.number() }),
  commands: {
    open: { input: z.strictObject({}) },
    close: { input: z.strictObject({}) },
    sell: { input: z.strictObject({ cents: z.number() }), output: z.number() },
    reported: { input: z.looseObject({}) },
    state: { input: z.strictObject({}), output: z.looseObject({}), readOnly: true },
  },
});
const shopOf = (report: () => Promise<{ ok: true }>) =>
  shop.implement({
    initial: () => ({ open: false, takings: 0, reports: 0 }),
    view: ({ open }) => ({ open }),
    on: {
      open: (turn, state) =>
        turn
          .next(
            { ...state, open: true },
            { timers: [{ name: "close", afterMs: 8 * hour, command: "close", input: {} }] },
          )
          .reply(),
      close: (turn, state) =>
        turn
          .next({ ...state, open: false }, { effects: [{ effect: "report", input: {} }] })
          .reply(),
      sell: (turn, state, { cents }) =>
        turn.next({ ...state, takings: state.takings + cents }).reply(state.takings + cents),
      reported: (turn, state) => turn.next({ ...state, reports: state.reports + 1 }).reply(),
      state: (turn, state) => turn.reply(state),
    },
    effects: {
      report: defineEffect({
        input: z.strictObject({}),
        output: z.strictObject({ ok: z.literal(true) }),
        retry: { strategy: "exponential", baseMs: 60_000, maxMs: hour, maxAttempts: 5 },
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "reported",
        failed: "reported",
        run: report,
      }),
    },
  });

const ok = async () => ({ ok: true }) as const;

test("asks settle by themselves while time stands still", async () => {
  const { muster, now, stop } = await createTestMuster({ actors: [shopOf(ok)] });
  const { ask, tell } = muster.actor(shop, "s");
  expect(await ask.sell({ cents: 5 })).toBe(5);
  await tell.sell({ cents: 3 });
  expect(await ask.sell({ cents: 2 })).toBe(10);
  expect(new Date(now).toISOString()).toBe("2027-01-15T12:00:00.000Z");
  await stop();
  expect(muster.state).toBe("stopped");
});

test("timers ring when time is moved, not before", async () => {
  const { muster, advance, stop } = await createTestMuster({ actors: [shopOf(ok)] });
  const { ask } = muster.actor(shop, "s");
  await ask.open({});
  await advance(8 * hour - 1);
  expect(await ask.state({})).toMatchObject({ open: true });
  await advance(1);
  expect(await ask.state({})).toMatchObject({ open: false });
  await stop();
});

test("effects are retried in the time that is moved", async () => {
  let calls = 0;
  const flaky = async () => {
    calls += 1;
    if (calls < 3) throw new Error("busy");
    return { ok: true } as const;
  };
  const { muster, advance, until, stop } = await createTestMuster({ actors: [shopOf(flaky)] });
  const { ask } = muster.actor(shop, "s");
  await ask.close({});
  await until(() => calls === 1);
  await advance(10 * 60_000);
  expect(calls).toBe(3);
  expect(await ask.state({})).toMatchObject({ reports: 1 });
  await stop();
});

test("list rows are there once their command was answered", async () => {
  const { muster, advance, stop } = await createTestMuster({ actors: [shopOf(ok)] });
  await muster.actor(shop, "s").ask.open({});
  await advance(0);
  expect(muster.view<{ open: boolean }>(shop).get("s")).toEqual({ open: true });
  await stop();
});

test("a deadline passes when time is moved past it", async () => {
  const never = () => new Promise<never>(() => {});
  const { muster, advance, stop } = await createTestMuster({ actors: [shopOf(never)] });
  const missing = defineActor({
    kind: "missing",
    state: z.null(),
    commands: { x: { input: z.null() } },
  });
  // A kind that no node knows: a told message waits for one that does.
  const told = muster.actor(missing, "m").tell.x(null);
  await advance(1_000);
  await told;
  await stop();
});

test("days pass in a moment, with the node alive", async () => {
  const { muster, advance, stop } = await createTestMuster({ actors: [shopOf(ok)] });
  await advance(48 * hour);
  expect(muster.status().verdict).toBe("healthy");
  expect(await muster.actor(shop, "s").ask.sell({ cents: 1 })).toBe(1);
  await stop();
});

test("time is moved by one caller at a time", async () => {
  const { advance, stop } = await createTestMuster();
  const first = advance(100);
  expect(advance(100)).rejects.toThrow("being moved already");
  await first;
  await stop();
});
