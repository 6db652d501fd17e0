/** A command repeated with its idempotency key is applied once and answers the first reply (I2). */
import { describe, expect, test } from "bun:test";
import { ended, journal, valuesOf, world } from "./engine-kit.test.ts";

const places: [string, string][] = [
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
];
const key = { idempotencyKey: "order-77" };

const two = async (settings = {}) => {
  const all = world({ settings });
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  return { ...all, n1, n2 };
};

describe.each(places)("an actor %s", (_, owner) => {
  test("applies a repeat once, also when both are sent at the same time", async () => {
    const { finish, idOwnedBy, n1, n2, read } = await two();
    const id = await idOwnedBy(owner);
    const ask = (node: typeof n1) => node.actor(journal, id).ask.write({ line: "once" }, key);
    expect(await finish(Promise.all([ask(n1), ask(n1), ask(n2)]))).toEqual([1, 1, 1]);
    expect(await finish(ask(n1))).toBe(1);
    expect(await read(n1, id)).toEqual(["once"]);
  });

  test("refuses another request under the same key", async () => {
    const { endOf, idOwnedBy, n1, read } = await two();
    const id = await idOwnedBy(owner);
    const { ask } = n1.actor(journal, id);
    const ends = await endOf(
      Promise.all([
        ask.write({ line: "first" }, key),
        ask.write({ line: "second" }, key).catch((error: { code: string }) => error.code),
        ask.throwOn({ line: "fine" }, key).catch((error: { code: string }) => error.code),
      ]),
    );
    expect(ends).toEqual({ value: [1, "IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_CONFLICT"] });
    expect(await read(n1, id)).toEqual(["first"]);
  });

  test("knows the reply again after it was passivated and after its owner changed", async () => {
    const { clock, endOf, fetched, finish, idOwnedBy, n1, n2, ownerOf, read, start } = await two({
      passivateAfterMs: 1_000,
    });
    const id = await idOwnedBy(owner);
    const repeat = (node: typeof n1, line = "once") =>
      endOf(node.actor(journal, id).ask.write({ line }, key));
    expect(await repeat(n1)).toEqual({ value: 1 });

    fetched.length = 0;
    await clock.runFor(30_000);
    expect(await repeat(n1)).toEqual({ value: 1 });
    expect(fetched).toContain(`journal/${id}`);

    const other = owner === "n1" ? n2 : n1;
    await finish(owner === "n1" ? n1.stop() : n2.stop());
    expect(await ownerOf(id)).not.toBe(owner);
    expect(await repeat(other)).toEqual({ value: 1 });
    expect(await repeat(other, "another")).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    await start("n3");
    expect(await repeat(other)).toEqual({ value: 1 });
    expect(await read(other, id)).toEqual(["once"]);
  });
});

test("keys are told apart by actor and by principal", async () => {
  const { finish, n1 } = await two();
  const as = (name: string) => ({ ...key, principal: { name, role: "admin" } as const });
  const { ask } = n1.actor(journal, "a");
  expect(await finish(ask.write({ line: "rosa's" }, as("rosa")))).toBe(1);
  expect(await finish(ask.write({ line: "ivan's" }, as("ivan")))).toBe(2);
  expect(await finish(n1.actor(journal, "b").ask.write({ line: "b's" }, as("rosa")))).toBe(1);
});

test("a full table refuses new keys, and takes them again once its replies have expired", async () => {
  const { clock, endOf, n1 } = await two({ idempotencyPerShard: 1, keepIdempotencyMs: 5_000 });
  const { ask } = n1.actor(journal, "a");
  const other = () => endOf(ask.write({ line: "x" }, { idempotencyKey: "other" }));
  expect(await endOf(ask.write({ line: "first" }, key))).toEqual({ value: 1 });
  expect(await other()).toMatchObject({ code: "IDEMPOTENCY_FULL", outcome: "not-applied" });
  expect(await endOf(ask.write({ line: "first" }, key))).toEqual({ value: 1 });
  await clock.runFor(6_000);
  expect(await other()).toEqual({ value: 2 });
});

test("of many new keys at once, as many find room as replies have expired", async () => {
  const { clock, finish, n1 } = await two({ idempotencyPerShard: 300, keepIdempotencyMs: 5_000 });
  const { ask } = n1.actor(journal, "a");
  const burst = (name: string, count: number) =>
    finish(
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          ended(ask.write({ line: name }, { idempotencyKey: `${name} ${n}` })),
        ),
      ),
    );
  const fullOnes = (ends: readonly unknown[]) =>
    ends.filter((end) => (end as { code?: string }).code === "IDEMPOTENCY_FULL").length;
  expect(fullOnes(await burst("first", 310))).toBe(10);
  await clock.runFor(6_000);
  expect(fullOnes(await burst("second", 310))).toBe(10);
  expect(fullOnes(await burst("third", 5))).toBe(5);
});

test("a key is free again once its reply has expired", async () => {
  const { clock, endOf, n1 } = await two({ keepIdempotencyMs: 5_000 });
  const { ask } = n1.actor(journal, "a");
  const ends = [await endOf(ask.write({ line: "first" }, key))];
  await clock.runFor(6_000);
  ends.push(await endOf(ask.write({ line: "second" }, key)));
  expect(valuesOf(ends)).toEqual([1, 2]);
});

test("a reply is kept for as long as the caller asks", async () => {
  const { clock, endOf, n1 } = await two({ keepIdempotencyMs: 5_000 });
  const { ask } = n1.actor(journal, "a");
  const kept = { ...key, keepKeyMs: 60_000 };
  const ends = [await endOf(ask.write({ line: "once" }, kept))];
  await clock.runFor(50_000);
  ends.push(await endOf(ask.write({ line: "once" }, kept)));
  await clock.runFor(20_000);
  ends.push(await endOf(ask.write({ line: "once" }, kept)));
  expect(valuesOf(ends)).toEqual([1, 1, 2]);
});

test("a command that failed keeps no reply: its repeat runs", async () => {
  const { endOf, n1 } = await two();
  const { ask } = n1.actor(journal, "a");
  expect(await endOf(ask.throwOn({ line: "bad" }, key))).toHaveProperty("code", "HANDLER_FAILED");
  expect(await endOf(ask.throwOn({ line: "fine" }, key))).toEqual({ value: 1 });
});

test("a repeat after a time-out answers the reply of the first call", async () => {
  const { backend, clock, endOf, finish, idOwnedBy, n1, read } = await two();
  const id = await idOwnedBy("n2");
  const { ask } = n1.actor(journal, id);
  const first = ended(ask.write({ line: "once" }, { ...key, timeoutMs: 400 }));
  // Its reply is lost on the way.
  await clock.runFor(1);
  backend.plan = { ...backend.plan, loseMessage: 1 };
  expect(await finish(first)).toMatchObject({ code: "ASK_TIMEOUT", outcome: "unknown" });
  backend.plan = { ...backend.plan, loseMessage: 0 };
  expect(await endOf(ask.write({ line: "once" }, key))).toEqual({ value: 1 });
  expect(await read(n1, id)).toEqual(["once"]);
});

describe("a caller is refused at once for", () => {
  test.each([
    ["a retention that is no time", { ...key, keepKeyMs: Number.NaN }],
    ["a retention of nothing", { ...key, keepKeyMs: 0 }],
    ["a key that is empty", { idempotencyKey: "" }],
    ["a key over 512 characters", { idempotencyKey: "k".repeat(513) }],
    ["a time-out that is none", { timeoutMs: 0 }],
  ])("%s", async (_, options) => {
    const { endOf, n1, read } = await two();
    const { ask } = n1.actor(journal, "a");
    expect(await endOf(ask.write({ line: "x" }, options))).toMatchObject({ code: "VALIDATION" });
    expect(await read(n1, "a")).toEqual([]);
  });
});
