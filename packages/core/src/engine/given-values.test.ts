/** Outside production, code that changes what it was given throws at once. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { defineActor, defineEffect } from "../define-actor.ts";
import { world } from "./engine-kit.test.ts";

const bag = defineActor({
  kind: "bag",
  state: z.strictObject({ items: z.array(z.strictObject({ name: z.string() })) }),
  commands: {
    put: { input: z.strictObject({ names: z.array(z.string()) }), output: z.number() },
    /** Changes what it was given, then declines. */
    change: { input: z.any(), refusals: ["declined"] },
    work: { input: z.strictObject({}) },
    worked: { input: z.looseObject({}) },
    names: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});

type What = "state" | "items" | "item" | "input" | "facts" | "kept";
const changed = "changed" as never;

const makeBag = (what: What, effectInputs: unknown[] = []) => {
  let kept: { name: string }[] = [];
  return bag.implement({
    initial: () => ({ items: [] }),
    on: {
      put: (turn, state, { names }) => {
        kept = [...state.items, ...names.map((name) => ({ name }))];
        return turn.next({ items: kept }).reply(kept.length);
      },
      change: (turn, state, input, facts) => {
        if (what === "state") (state as { items: unknown }).items = changed;
        if (what === "items") state.items.push({ name: "changed" });
        if (what === "item") for (const item of state.items) item.name = "changed";
        if (what === "input") input.list.push("changed");
        if (what === "facts") (facts.self as { id: string }).id = "changed";
        if (what === "kept") kept.push({ name: "changed" });
        return turn.refuse("declined");
      },
      work: (turn, state) =>
        turn.next(state, { effects: [{ effect: "work", input: { list: [1] } }] }).reply(),
      worked: (turn) => turn.reply(),
      names: (turn, state) => turn.reply(state.items.map(({ name }) => name)),
    },
    effects: {
      work: defineEffect({
        input: z.any(),
        output: z.null(),
        retry: { maxAttempts: 2 },
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "worked",
        failed: "worked",
        run: async (input) => {
          effectInputs.push(structuredClone(input));
          input.list.push("changed");
          throw new Error("again");
        },
      }),
    },
    view: (state) => ({ names: state.items.map(({ name }) => name) }),
  });
};

const start = async (kind: ReturnType<typeof makeBag>, development?: boolean) => {
  const all = world({ actors: [kind] });
  const n1 = await all.start("n1", development === undefined ? {} : { development });
  const { ask } = n1.actor(bag, "b");
  expect(await all.finish(ask.put({ names: ["a", "b"] }))).toBe(2);
  return { ...all, n1, ask, names: () => all.finish(ask.names({})) };
};

test.each(["state", "items", "item", "input", "facts"] as const)(
  "a handler that changes its %s throws, and nothing is changed",
  async (what) => {
    const { ask, endOf, names } = await start(makeBag(what));
    expect(await endOf(ask.change({ list: [] }))).toMatchObject({
      code: "HANDLER_FAILED",
      outcome: "not-applied",
      message: expect.stringContaining("TypeError"),
    });
    expect(await names()).toEqual(["a", "b"]);
  },
);

test("a state that was loaded again is guarded as well", async () => {
  const { clock, ask, endOf, names } = await start(makeBag("items"));
  await clock.runFor(120_000);
  expect(await endOf(ask.change({}))).toHaveProperty("code", "HANDLER_FAILED");
  expect(await names()).toEqual(["a", "b"]);
});

test("what a handler kept of a state it made is not part of it", async () => {
  const { ask, finish, names } = await start(makeBag("kept"));
  expect(await finish(ask.change({}))).toEqual({ ok: false, refusal: "declined" });
  expect(await names()).toEqual(["a", "b"]);
});

test("an effect that changes its input finds it unchanged at the next attempt", async () => {
  const inputs: unknown[] = [];
  const { ask, clock, finish } = await start(makeBag("kept", inputs));
  await finish(ask.work({}));
  await clock.runFor(60_000);
  expect(inputs).toEqual([{ list: [1] }, { list: [1] }]);
});

test("a reader that changes a row throws, and other readers see it as it was", async () => {
  const { n1, until } = await start(makeBag("kept"));
  const rows = n1.view<{ names: string[] }>(bag);
  await until(() => rows.get("b") !== undefined);
  expect(() => rows.get("b")?.names.push("changed")).toThrow(TypeError);
  expect(() => {
    for (const [, row] of rows.entries()) row.names = [];
  }).toThrow(TypeError);
  expect(rows.get("b")).toEqual({ names: ["a", "b"] });
});

test("in production nothing is frozen", async () => {
  const { ask, finish, n1, until } = await start(makeBag("input"), false);
  expect(await finish(ask.change({ list: [] }))).toEqual({ ok: false, refusal: "declined" });
  const rows = n1.view<{ names: string[] }>(bag);
  await until(() => rows.get("b") !== undefined);
  expect(Object.isFrozen(rows.get("b"))).toBe(false);
});
