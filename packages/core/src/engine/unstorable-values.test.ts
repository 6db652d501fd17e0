/**
 * Values that no store can hold: they fail the command that brings them, on every path alike, and
 * hurt nobody else (I8, I9).
 */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, tellTo } from "../define-actor.ts";
import { ended, Journal, journal, world } from "./engine-kit.test.ts";

const odd = defineActor({
  kind: "odd",
  state: z.strictObject({ value: z.unknown() }),
  commands: {
    take: { input: z.strictObject({ value: z.unknown() }), output: z.unknown() },
    /** Puts an unstorable value at the named place of the decision. */
    put: { input: z.strictObject({ where: z.string() }), output: z.unknown() },
    look: { input: z.strictObject({}), output: z.unknown(), readOnly: true },
  },
});
const bad = new Date(0);
const Odd = odd.implement({
  initial: () => ({ value: "good" }),
  on: {
    take: (turn, _, { value }) => turn.next({ value }).reply(value),
    look: (turn, state) => turn.reply(state.value),
    put: (turn, _, { where }) => {
      if (where === "state") return turn.next({ value: bad }).reply(1);
      if (where === "reply") return turn.next({ value: "kept?" }).reply(bad);
      if (where === "row") return turn.next({ value: "bad row" }).reply(1);
      if (where === "row throws") return turn.next({ value: "no row" }).reply(1);
      const name = "t";
      const more = {
        tell: { tell: [{ ...tellTo(odd, "x").take({ value: 1 }), input: { value: bad } }] },
        timer: { timers: [{ name, afterMs: 1, command: "take", input: bad }] },
        effect: { effects: [{ effect: "work", input: bad }] },
        event: { events: [{ type: "e", data: bad }] },
      }[where];
      return turn.next({ value: "kept?" }, more).reply(1);
    },
  },
  effects: {},
  view: ({ value }) => {
    if (value === "no row") throw new Error("no row for this");
    return { value: value === "bad row" ? bad : 1 };
  },
}) as unknown as ActorKind;

describe.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("an actor %s", (_, owner) => {
  const two = async () => {
    const all = world({ actors: [Odd, Journal] });
    const n1 = await all.start("n1");
    await all.start("n2");
    const id = await all.idOwnedBy(owner);
    return { ...all, n1, id, ask: n1.actor(odd, id).ask, tell: n1.actor(odd, id).tell };
  };

  test.each([
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a function", () => 1],
    ["a big integer", 1n],
    ["the key __proto__", JSON.parse('{"__proto__":1}')],
  ])("is not sent %s", async (_, value) => {
    const { ask, deadLetters, endOf, finish, id, n1, tell } = await two();
    const neighbour = n1.actor(journal, id).ask.write({ line: "same batch" });
    const refused = { code: "VALIDATION", outcome: "not-applied" };
    expect(await endOf(ask.take({ value }))).toMatchObject(refused);
    expect(await endOf(ask.take({ value }, { idempotencyKey: "k" }))).toMatchObject(refused);
    expect(await endOf(tell.take({ value }))).toMatchObject(refused);
    expect(await finish(neighbour)).toBe(1);
    expect(await finish(ask.look({}))).toBe("good");
    expect(await deadLetters()).toEqual([]);
  });

  test.each(["state", "reply", "row", "row throws", "tell", "timer", "effect", "event"])(
    "refuses a decision with an unstorable %s, keeps nothing of it, and goes on",
    async (where) => {
      const { ask, clock, finish, id, n1 } = await two();
      const neighbours = [1, 2].map((n) => n1.actor(journal, id).ask.write({ line: `${n}` }));
      const keyed = { idempotencyKey: "k" };
      const ends = [ask.put({ where }), ask.put({ where }, keyed)].map((work) => ended(work));
      for (const end of await finish(Promise.all(ends))) {
        expect(end).toMatchObject({ code: "HANDLER_FAILED", outcome: "not-applied" });
      }
      expect(await finish(Promise.all(neighbours))).toEqual([1, 2]);
      await clock.runFor(1_000);
      expect(await finish(ask.look({}))).toBe("good");
    },
  );

  test("puts a told message aside whose decision cannot be stored", async () => {
    const { ask, clock, deadLetters, finish, tell } = await two();
    for (const where of ["state", "row", "tell"]) await finish(tell.put({ where }));
    await clock.runFor(1_000);
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
      ["message", "handler_threw"],
      ["message", "handler_threw"],
      ["message", "handler_threw"],
    ]);
    expect(await finish(ask.look({}))).toBe("good");
  });

  test("answers null as null, and leaves out fields that are undefined", async () => {
    const { ask, finish } = await two();
    expect(await finish(ask.take({ value: null }))).toBe(null);
    const value = { a: undefined, b: [undefined] };
    expect(await finish(ask.take({ value }))).toStrictEqual({ b: [null] });
  });

  test("shares neither its state nor its input with the caller", async () => {
    const { ask, finish } = await two();
    const value = { list: [1] };
    const sent = ask.take({ value });
    value.list.push(2);
    const reply = (await finish(sent)) as { list: number[] };
    expect(reply).toEqual({ list: [1] });
    value.list.push(3);
    reply.list.push(4);
    ((await finish(ask.look({}))) as { list: number[] }).list.push(5);
    expect(await finish(ask.look({}))).toEqual({ list: [1] });
  });
});
