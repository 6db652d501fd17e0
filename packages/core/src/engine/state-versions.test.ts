/** States outlive the shape that they were written in; what a node cannot read it leaves as it is. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect } from "../define-actor.ts";
import { createMuster } from "../muster.ts";
import { world } from "./engine-kit.test.ts";

const commands = {
  add: { input: z.strictObject({ by: z.number() }), output: z.number() },
  later: { input: z.strictObject({ by: z.number(), afterMs: z.number() }) },
  work: { input: z.strictObject({ by: z.number() }) },
  worked: { input: z.looseObject({ output: z.number() }) },
  total: { input: z.strictObject({}), output: z.number(), readOnly: true },
} as const;

/** Version 1 kept a number, version 2 keeps all that were added. */
const first = defineActor({ kind: "sum", state: z.strictObject({ value: z.number() }), commands });
const second = defineActor({
  kind: "sum",
  state: z.strictObject({ parts: z.array(z.number()) }),
  commands,
});
const total = (parts: readonly number[]) => parts.reduce((sum, part) => sum + part, 0);
let work: () => Promise<void> = async () => {};
const effects = {
  work: defineEffect({
    input: z.number(),
    output: z.number(),
    // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
    then: "worked",
    failed: "worked",
    run: async (by) => {
      await work();
      return by;
    },
  }),
};
const timer = (by: number, afterMs: number) => ({
  timers: [{ name: "later", afterMs, command: "add", input: { by } }],
});
const First = first.implement({
  initial: () => ({ value: 0 }),
  on: {
    add: (turn, { value }, { by }) => turn.next({ value: value + by }).reply(value + by),
    later: (turn, state, { by, afterMs }) => turn.next(state, timer(by, afterMs)).reply(),
    work: (turn, state, { by }) =>
      turn.next(state, { effects: [{ effect: "work", input: by }] }).reply(),
    worked: (turn, { value }, { output }) => turn.next({ value: value + output }).reply(),
    total: (turn, { value }) => turn.reply(value),
  },
  effects,
}) as unknown as ActorKind;
const secondWith = (migrate: (state: unknown, from: number) => unknown) =>
  second.implement({
    initial: () => ({ parts: [] }),
    version: 2,
    migrate,
    on: {
      add: (turn, { parts }, { by }) =>
        turn.next({ parts: [...parts, by] }).reply(total([...parts, by])),
      later: (turn, state, { by, afterMs }) => turn.next(state, timer(by, afterMs)).reply(),
      work: (turn, state, { by }) =>
        turn.next(state, { effects: [{ effect: "work", input: by }] }).reply(),
      worked: (turn, { parts }, { output }) => turn.next({ parts: [...parts, output] }).reply(),
      total: (turn, { parts }) => turn.reply(total(parts)),
    },
    effects,
  }) as unknown as ActorKind;
const Second = secondWith((state, from) => ({
  parts: [(state as { value: number }).value, -from],
}));

/** Two nodes with kinds of their own; `move` makes one of them the owner. */
const two = async (kinds: { n1: ActorKind; n2: ActorKind }) => {
  work = async () => {};
  const all = world({ actors: [] });
  const n1 = await all.start("n1", { actors: [kinds.n1] });
  const n2 = await all.start("n2", { actors: [kinds.n2] });
  const { drain, undrain } = n1.as({ name: "ops", role: "admin" }).nodes;
  const id = await all.idOwnedBy("n1");
  const move = async (to: "n1" | "n2") => {
    await all.finish(undrain(to, { reason: "test" }));
    await all.finish(drain(to === "n1" ? "n2" : "n1", { reason: "test" }));
    await all.settled();
  };
  const stored = async () => {
    const { shards } = await all.outside();
    const [own] = await shards.inspect({ shards: [all.shardOf(id)] });
    if (!own || !("claimId" in own)) throw new Error("lost");
    const { shard, claimId, historyId } = own as never;
    const answer = await shards.fetch({
      claim: { shard, claimId, historyId },
      actors: [`sum/${id}` as never],
      idempotencyKeys: [],
    });
    return answer.kind === "fetched" ? answer.states[0] : answer.kind;
  };
  return { ...all, n1, n2, id, ...n1.actor(first, id), move, stored };
};

test("a state of an older version is migrated by an owner of a newer one, once", async () => {
  const { ask, finish, move } = await two({ n1: First, n2: Second });
  expect(await finish(ask.add({ by: 10 }))).toBe(10);
  await move("n2");
  expect(await finish(ask.total({}))).toBe(9);
  expect(await finish(ask.add({ by: 1 }))).toBe(10);
  await move("n1");
  await move("n2");
  expect(await finish(ask.total({}))).toBe(10);
});

describe("an owner of an older version", () => {
  const behind = async () => {
    const all = await two({ n1: First, n2: Second });
    await all.move("n2");
    await all.finish(all.ask.add({ by: 5 }));
    const written = await all.stored();
    expect(written).toBeInstanceOf(Uint8Array);
    return { ...all, written };
  };

  test("refuses what it is asked, and leaves the state as it is", async () => {
    const { ask, endOf, move, n2, id, stored, written } = await behind();
    await move("n1");
    for (const caller of [ask, n2.actor(first, id).ask]) {
      for (const asked of [() => caller.add({ by: 1 }), () => caller.total({})]) {
        expect(await endOf(asked())).toMatchObject({
          code: "STATE_UNREADABLE",
          outcome: "not-applied",
          message: expect.stringContaining("version 2"),
        });
      }
    }
    expect(await stored()).toEqual(written);
  });

  test("keeps what it is told for one that can read it", async () => {
    const { ask, clock, deadLetters, finish, id, move, n1, n2, stored, tell, written } =
      await behind();
    await move("n1");
    // From the owner's own node and from another, in order; asked in between, at no delay.
    for (const by of [10, 20]) await finish(tell.add({ by }));
    await finish(n2.actor(first, id).tell.add({ by: 30 }));
    await clock.runFor(5_000);
    expect(await stored()).toEqual(written);
    expect(n1.status().reasons).toContain(
      '3 messages wait for a node with a newer version of the actor kind "sum"',
    );
    await move("n2");
    expect(await finish(ask.total({}))).toBe(65);
    expect(await deadLetters()).toEqual([]);
  });

  test("keeps timers and outcomes of effects for one that can read it", async () => {
    const { ask, clock, deadLetters, finish, move, stored, written } = await behind();
    const running = Promise.withResolvers<void>();
    work = () => running.promise;
    await finish(ask.later({ by: 100, afterMs: 3_000 }));
    await finish(ask.work({ by: 1_000 }));
    await move("n1");
    await clock.runFor(5_000);
    running.resolve();
    await clock.runFor(5_000);
    expect(await stored()).toEqual(written);
    await move("n2");
    await clock.runFor(5_000);
    expect(await finish(ask.total({}))).toBe(1_105);
    expect(await deadLetters()).toEqual([]);
  });
});

test.each<[string, (state: unknown) => unknown]>([
  [
    "throws",
    () => {
      throw new Error("cannot");
    },
  ],
  ["makes another shape", () => ({ parts: "none" })],
  ["is asynchronous", async () => ({ parts: [] })],
])(
  "a migration that %s makes the state unreadable, and leaves it for a better one",
  async (_, migrate) => {
    const { ask, endOf, deadLetters, clock, finish, id, move, n2, stored, tell, start, settled } =
      await two({ n1: First, n2: secondWith(migrate) });
    await finish(ask.add({ by: 10 }));
    const written = await stored();
    await move("n2");
    expect(await endOf(ask.total({}))).toMatchObject({
      code: "STATE_UNREADABLE",
      outcome: "not-applied",
    });
    await finish(tell.add({ by: 1 }));
    await clock.runFor(1_000);
    expect(await stored()).toEqual(written);
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
      ["message", "state_unreadable"],
    ]);
    await finish(n2.stop());
    const n3 = await start("n3", { actors: [Second] });
    await settled();
    expect(await finish(n3.actor(first, id).ask.total({}))).toBe(9);
  },
);

test("a state that is no state is refused and kept", async () => {
  const { ask, endOf, finish, id, move, outside, shardOf, stored } = await two({
    n1: First,
    n2: First,
  });
  await finish(ask.add({ by: 10 }));
  const { shards } = await outside();
  const [own] = await shards.inspect({ shards: [shardOf(id)] });
  if (!own || !("seq" in own)) throw new Error("lost");
  const { shard, claimId, historyId, seq } = own as never;
  const bad = new Uint8Array([0xc1, 0x00]);
  await shards.commit({
    claim: { shard, claimId, historyId },
    seq: seq + 1,
    hash: "planted",
    states: [{ key: `sum/${id}` as never, state: bad }],
  });
  await move("n2");
  expect(await endOf(ask.add({ by: 1 }))).toHaveProperty("code", "STATE_UNREADABLE");
  expect(await stored()).toEqual(bad);
});

test.each<[string, object, string]>([
  ["a version above 1 without a migration", { version: 2 }, "no migrate"],
  ["a version that is no whole number", { version: 1.5, migrate: (s: unknown) => s }, "version"],
  ["a version of 0", { version: 0, migrate: (s: unknown) => s }, "version"],
])("%s is refused when a node is made", (_, over, told) => {
  const kind = first.implement({ ...(First.implementation as never as object), ...over } as never);
  expect(() => createMuster({ cluster: "shop", actors: [kind] })).toThrow(
    expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringContaining(told) }),
  );
});
