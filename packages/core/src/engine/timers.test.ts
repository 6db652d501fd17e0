/** A timer takes effect once, when it is due, whoever owns its actor by then (I12). */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { NodeClock } from "../testing/node-clock.ts";
import { world } from "./engine-kit.test.ts";

const alarm = defineActor({
  kind: "alarm",
  state: z.strictObject({ rung: z.array(z.string()) }),
  commands: {
    /** Sets each of the timers, or cancels it when `afterMs` is absent. */
    set: {
      input: z.strictObject({
        timers: z.array(
          z.strictObject({ name: z.string(), afterMs: z.number().optional(), text: z.string() }),
        ),
      }),
    },
    ring: { input: z.strictObject({ text: z.string() }) },
    /** Rings and sets itself again until it has rung three times. */
    beat: { input: z.strictObject({}) },
    fail: { input: z.strictObject({}) },
    aim: { input: z.strictObject({ command: z.string(), afterMs: z.number() }) },
    rung: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});
const Alarm = alarm.implement({
  initial: () => ({ rung: [] }),
  on: {
    set: (turn, state, { timers }) =>
      turn
        .next(state, {
          timers: timers.map(({ name, afterMs, text }) =>
            afterMs === undefined
              ? { name, cancel: true }
              : { name, afterMs, command: "ring", input: { text } },
          ),
        })
        .reply(),
    ring: (turn, state, { text }) => turn.next({ rung: [...state.rung, text] }).reply(),
    beat: (turn, state) => {
      const rung = [...state.rung, "beat"];
      const again = { name: "beat", afterMs: 1_000, command: "beat", input: {} };
      return turn.next({ rung }, { timers: rung.length < 3 ? [again] : [] }).reply();
    },
    fail: () => {
      throw new Error("no");
    },
    aim: (turn, state, { command, ...given }) => {
      const afterMs = given.afterMs < 0 ? Number.NaN : given.afterMs;
      return turn.next(state, { timers: [{ name: "aimed", afterMs, command, input: {} }] }).reply();
    },
    rung: (turn, state) => turn.reply(state.rung),
  },
});

const one = async () => {
  const all = world({ actors: [Alarm] });
  const n1 = await all.start("n1");
  const ask = (node = n1) => node.actor(alarm, "a").ask;
  const set = (name: string, afterMs?: number, text = name) =>
    all.finish(ask().set({ timers: [{ name, text, ...(afterMs !== undefined && { afterMs }) }] }));
  const rung = (node = n1) => all.finish(ask(node).rung({}));
  /** Hands the shards over to a new node. */
  const handOver = async () => {
    await all.finish(n1.stop());
    return all.start("n2");
  };
  /** Ends the owner without a word; a new node takes over. */
  const crash = async () => {
    const n2 = await all.start("n2");
    const n3 = await all.start("n3");
    for (const id of ["n1", "n2"]) all.backend.kill(id as never);
    await all.settled();
    void n2;
    return n3;
  };
  return { ...all, n1, ask, set, rung, handOver, crash };
};

test("a timer rings once when it is due, not before", async () => {
  const { clock, rung, set } = await one();
  await set("noon", 2_000);
  await clock.runFor(1_950);
  expect(await rung()).toEqual([]);
  await clock.runFor(60);
  expect(await rung()).toEqual(["noon"]);
  await clock.runFor(60_000);
  expect(await rung()).toEqual(["noon"]);
});

test("timers ring in the order in which they are due", async () => {
  const { ask, clock, finish, rung } = await one();
  const due = [300, 100, 500, 200, 400].map((afterMs) => ({
    name: `${afterMs}`,
    afterMs,
    text: `${afterMs}`,
  }));
  await finish(ask().set({ timers: due }));
  await clock.runFor(1_000);
  expect(await rung()).toEqual(["100", "200", "300", "400", "500"]);
});

test("a cancelled timer does not ring, and cancelling what is not there does nothing", async () => {
  const { clock, rung, set } = await one();
  await set("noon", 1_000);
  await set("noon");
  await set("never");
  await clock.runFor(5_000);
  expect(await rung()).toEqual([]);
});

test("a timer that waits for its turn does not ring once it is cancelled before", async () => {
  const { ask, clock, n1, rung, set } = await one();
  await set("noon", 100);
  // Held back for 400 ms, it holds its actor; the cancel stands before the timer.
  void n1.actor(alarm, "a").tell.fail({});
  void ask().set({ timers: [{ name: "noon", text: "" }] });
  await clock.runFor(10_000);
  expect(await rung()).toEqual([]);
});

test("setting a name again replaces its timer, also with the same command and input", async () => {
  const { clock, rung, set } = await one();
  await set("noon", 1_000, "same");
  await set("noon", 3_000, "same");
  await clock.runFor(2_000);
  expect(await rung()).toEqual([]);
  await clock.runFor(1_100);
  expect(await rung()).toEqual(["same"]);
});

test("a timer may set itself again", async () => {
  const { ask, clock, finish, rung } = await one();
  await finish(ask().beat({}));
  await clock.runFor(10_000);
  expect(await rung()).toEqual(["beat", "beat", "beat"]);
});

describe.each(["handOver", "crash"] as const)("over a change of owner by %s", (how) => {
  test("a timer that waits rings once, in its time", async () => {
    const { clock, rung, set, ...all } = await one();
    await set("noon", 20_000);
    const next = await all[how]();
    expect(await rung(next)).toEqual([]);
    await clock.runFor(20_000);
    expect(await rung(next)).toEqual(["noon"]);
  });

  test("a timer that fell due meanwhile rings once", async () => {
    const { clock, rung, set, ...all } = await one();
    await set("noon", 300);
    const next = await all[how]();
    await clock.runFor(10_000);
    expect(await rung(next)).toEqual(["noon"]);
  });

  test("a timer that has rung does not ring again, also one that was due at once", async () => {
    const { clock, rung, set, ...all } = await one();
    await set("now", 0);
    await set("soon", 10);
    await clock.runFor(1_000);
    const next = await all[how]();
    await clock.runFor(10_000);
    expect(await rung(next)).toEqual(["now", "soon"]);
  });

  test("a timer that was cancelled or replaced stays so", async () => {
    const { clock, rung, set, ...all } = await one();
    await set("gone", 20_000);
    await set("gone");
    await set("moved", 15_000, "same");
    await set("moved", 30_000, "same");
    const next = await all[how]();
    await clock.runFor(20_000);
    expect(await rung(next)).toEqual([]);
    await clock.runFor(20_000);
    expect(await rung(next)).toEqual(["same"]);
  });

  test("a timer that sets itself again goes on", async () => {
    const { ask, clock, finish, rung, ...all } = await one();
    await finish(ask().beat({}));
    await clock.runFor(1_200);
    const next = await all[how]();
    await clock.runFor(10_000);
    expect(await rung(next)).toEqual(["beat", "beat", "beat"]);
  });
});

test("a timer whose command throws is tried again and then put aside", async () => {
  const { ask, clock, deadLetters, finish, set, rung } = await one();
  await finish(ask().aim({ command: "fail", afterMs: 10 }));
  await clock.runFor(20_000);
  expect(await deadLetters()).toMatchObject([
    { work: "timer", reason: "handler_threw", error: "Error: no", attempts: 5 },
  ]);
  await set("after", 10);
  await clock.runFor(1_000);
  expect(await rung()).toEqual(["after"]);
});

test.each([
  ["an unknown command", { command: "nowhere", afterMs: 10 }, "unknown command"],
  ["no time", { command: "beat", afterMs: -1 }, "has no time"],
])("a timer with %s fails the turn that sets it", async (_, input, part) => {
  const { ask, clock, endOf, rung } = await one();
  expect(await endOf(ask().aim(input))).toMatchObject({
    code: "HANDLER_FAILED",
    message: expect.stringContaining(part),
  });
  await clock.runFor(5_000);
  expect(await rung()).toEqual([]);
});

test("a node whose clock jumps rings no timer before it is due by Redis time", async () => {
  const { clock: base, finish, start } = world({ actors: [Alarm] });
  const clock = new NodeClock(base);
  const n1 = await start("n1", { clock });
  const { ask } = n1.actor(alarm, "a");
  await finish(ask.set({ timers: [{ name: "t", afterMs: 10_000, text: "x" }] }));
  clock.jumpMonotonic(60_000);
  await base.runFor(9_500);
  expect(await finish(ask.rung({}))).toEqual([]);
  await base.runFor(600);
  expect(await finish(ask.rung({}))).toEqual(["x"]);
});
