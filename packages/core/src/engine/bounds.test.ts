/** What outgrows a bound is refused with its own error, and nothing of it is kept (I7). */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor, tellTo } from "../define-actor.ts";
import { ended, world } from "./engine-kit.test.ts";

const box = defineActor({
  kind: "box",
  state: z.strictObject({ text: z.string(), calls: z.number().int() }),
  commands: {
    /** Keeps a text of so many characters. */
    fill: { input: z.strictObject({ size: z.number().int() }) },
    put: { input: z.strictObject({ text: z.string() }) },
    /** Answers a text of so many characters. */
    give: { input: z.strictObject({ size: z.number().int() }), output: z.string() },
    /** Tells so many messages, each with a text of so many characters. */
    spread: { input: z.strictObject({ count: z.number().int(), size: z.number().int() }) },
    /** Tells itself again, for ever. */
    echo: { input: z.strictObject({}) },
    look: {
      input: z.strictObject({}),
      output: z.strictObject({ size: z.number(), calls: z.number() }),
      readOnly: true,
    },
  },
});
const Box = box.implement({
  initial: () => ({ text: "", calls: 0 }),
  on: {
    fill: (turn, state, { size }) => turn.next({ ...state, text: "x".repeat(size) }).reply(),
    put: (turn, state, { text }) => turn.next({ ...state, text }).reply(),
    give: (turn, state, { size }) =>
      turn.next({ ...state, calls: state.calls + 1 }).reply("x".repeat(size)),
    spread: (turn, state, { count, size }) =>
      turn
        .next(
          { ...state, calls: state.calls + 1 },
          {
            tell: Array.from({ length: count }, (_, n) =>
              tellTo(box, `target-${n}`).put({ text: "x".repeat(size) }),
            ),
          },
        )
        .reply(),
    echo: (turn, state, _, { self }) =>
      turn
        .next({ ...state, calls: state.calls + 1 }, { tell: [tellTo(box, self.id).echo({})] })
        .reply(),
    look: (turn, { text, calls }) => turn.reply({ size: text.length, calls }),
  },
});

const settings = { maxStateBytes: 20_000, maxMessageBytes: 10_000, maxFanOut: 5, maxCallDepth: 4 };

describe.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("an actor %s", (_, owner) => {
  const two = async () => {
    const all = world({ actors: [Box], settings });
    const n1 = await all.start("n1");
    await all.start("n2");
    const id = await all.idOwnedBy(owner);
    const { ask, tell } = n1.actor(box, id);
    return { ...all, n1, ask, tell, look: () => all.finish(ask.look({})) };
  };

  test("refuses a state that jumps over its bound, and goes on", async () => {
    const { ask, endOf, look } = await two();
    expect(await endOf(ask.fill({ size: 5 }))).toEqual({ value: undefined });
    expect(await endOf(ask.fill({ size: 30_000 }))).toMatchObject({
      code: "STATE_TOO_LARGE",
      outcome: "not-applied",
    });
    expect(await look()).toEqual({ size: 5, calls: 0 });
    expect(await endOf(ask.fill({ size: 7 }))).toEqual({ value: undefined });
    expect(await look()).toEqual({ size: 7, calls: 0 });
  });

  test("refuses a state that grows over its bound step by step", async () => {
    const { ask, endOf, look } = await two();
    for (const size of [5_000, 15_000, 19_000]) await endOf(ask.fill({ size }));
    expect(await endOf(ask.fill({ size: 20_001 }))).toHaveProperty("code", "STATE_TOO_LARGE");
    expect(await look()).toEqual({ size: 19_000, calls: 0 });
  });

  test("puts a told message aside whose state is too large", async () => {
    const { clock, deadLetters, finish, look, tell } = await two();
    await finish(tell.fill({ size: 30_000 }));
    await clock.runFor(1_000);
    await finish(tell.fill({ size: 3 }));
    await clock.runFor(1_000);
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
      ["message", "over_bound"],
    ]);
    expect(await look()).toEqual({ size: 3, calls: 0 });
  });

  test("is not sent an input over the bound", async () => {
    const { ask, endOf, look, tell } = await two();
    const text = "x".repeat(10_000);
    const refused = { code: "PAYLOAD_TOO_LARGE", outcome: "not-applied" };
    expect(await endOf(ask.put({ text }))).toMatchObject(refused);
    expect(await endOf(tell.put({ text }))).toMatchObject(refused);
    expect(await endOf(ask.put({ text: text.slice(200) }))).toEqual({ value: undefined });
    expect(await look()).toEqual({ size: 9_800, calls: 0 });
  });

  test("refuses to tell a message over the bound, and keeps nothing of that turn", async () => {
    const { ask, endOf, look } = await two();
    expect(await endOf(ask.spread({ count: 1, size: 10_000 }))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      outcome: "not-applied",
    });
    expect(await look()).toEqual({ size: 0, calls: 0 });
  });

  test("refuses to tell more messages in one turn than it may", async () => {
    const { ask, clock, endOf, finish, look, n1 } = await two();
    expect(await endOf(ask.spread({ count: 6, size: 1 }))).toMatchObject({
      code: "FANOUT_TOO_WIDE",
      outcome: "not-applied",
    });
    expect(await endOf(ask.spread({ count: 5, size: 1 }))).toEqual({ value: undefined });
    await clock.runFor(1_000);
    expect(await look()).toEqual({ size: 0, calls: 1 });
    expect(await finish(n1.actor(box, "target-5").ask.look({}))).toEqual({ size: 0, calls: 0 });
    expect(await finish(n1.actor(box, "target-4").ask.look({}))).toEqual({ size: 1, calls: 0 });
  });

  test("ends a chain of messages that would go on for ever", async () => {
    const { ask, clock, deadLetters, finish, look } = await two();
    await finish(ask.echo({}));
    await clock.runFor(5_000);
    expect(await look()).toEqual({ size: 0, calls: 4 });
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
      ["message", "over_bound"],
    ]);
  });
});

test.each([
  ["the caller's own node", "n1"],
  ["another node", "n2"],
])("a reply over the bound is refused on %s, and nothing is kept of its turn", async (_, owner) => {
  const { finish, idOwnedBy, start } = world({ actors: [Box], settings });
  const n1 = await start("n1");
  await start("n2");
  const { ask } = n1.actor(box, await idOwnedBy(owner));
  const ends = await finish(
    Promise.all([ask.give({ size: 3 }), ended(ask.give({ size: 10_001 })), ask.give({ size: 4 })]),
  );
  expect(ends).toEqual([
    "xxx",
    {
      code: "PAYLOAD_TOO_LARGE",
      outcome: "not-applied",
      message: expect.stringContaining("the reply would be"),
    },
    "xxxx",
  ]);
  expect(await finish(ask.look({}))).toEqual({ size: 0, calls: 2 });
});

test("many replies of one commit may be larger than the bound together", async () => {
  const { finish, idOwnedBy, start } = world({ actors: [Box], settings });
  const n1 = await start("n1");
  await start("n2");
  const { ask } = n1.actor(box, await idOwnedBy("n2"));
  const asked = Array.from({ length: 50 }, () => ask.give({ size: 1_000 }));
  expect((await finish(Promise.all(asked))).map(({ length }) => length)).toEqual(
    Array(50).fill(1_000),
  );
});
