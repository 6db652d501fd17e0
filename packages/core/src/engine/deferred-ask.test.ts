/** An ask that a later turn answers: once, with that turn's commit, or not at all (I2, I5). */
import { describe, expect, test } from "bun:test";
import { till, tills } from "./deferral-kit.test.ts";
import { ended, valuesOf } from "./engine-kit.test.ts";

const places: [string, string][] = [
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
];

describe.each(places)("an ask of an actor %s", (_, owner) => {
  test("waits for the turn that answers it", async () => {
    const { ask, clock, finish, look, stored } = await tills(owner);
    const paid = ended(ask.pay({ cents: 5 }));
    const again = ended(ask.pay({ cents: 7 }));
    await clock.runFor(2_000);
    expect(await look()).toEqual({ paid: [5, 7], waiting: 2 });
    expect(await stored()).toBe(2);
    expect(await finish(ask.settle({}))).toBe(2);
    expect(await finish(Promise.all([paid, again]))).toEqual([
      { value: { ok: true, value: 2 } },
      { value: { ok: true, value: 2 } },
    ]);
    expect(await stored()).toBe(0);
  });

  test("is refused by the turn that answers it", async () => {
    const { ask, clock, finish } = await tills(owner);
    const paid = ended(ask.pay({ cents: 5 }));
    await clock.runFor(100);
    await finish(ask.decline({}));
    expect(await finish(paid)).toEqual({ value: { ok: false, refusal: "declined" } });
  });

  test("waits for an effect, by the id that both have", async () => {
    const { ask, clock, finish, look } = await tills(owner, {
      charge: (cents) =>
        new Promise((resolve) => clock.after(3_000 - cents, () => resolve(`receipt ${cents}`))),
    });
    const receipts = [1, 2, 3].map((cents) => ask.charge({ cents }));
    expect(await finish(Promise.all(receipts))).toEqual([
      { receipt: "receipt 1" },
      { receipt: "receipt 2" },
      { receipt: "receipt 3" },
    ]);
    expect((await look()).paid).toEqual([3, 2, 1]);
  });

  test("is told why its effect failed", async () => {
    const { ask, finish } = await tills(owner, {
      charge: () => Promise.reject(new Error("no card")),
    });
    expect(await finish(ask.charge({ cents: 1 }))).toEqual({ receipt: "none: Error: no card" });
  });

  test("times out as unknown, and is then forgotten", async () => {
    const { ask, clock, endOf, finish, stored } = await tills(owner);
    expect(await endOf(ask.hang({}, { timeoutMs: 3_000 }))).toMatchObject({
      code: "ASK_TIMEOUT",
      outcome: "unknown",
    });
    const late = ended(ask.pay({ cents: 1 }, { timeoutMs: 1_000 }));
    expect(await finish(late)).toHaveProperty("code", "ASK_TIMEOUT");
    await clock.runFor(2_000);
    expect(await stored()).toBe(0);
    // Its actor may still answer it; there is nobody to hear it.
    expect(await finish(ask.settle({}))).toBe(1);
  });

  test("over the bound of its actor is refused as not applied, and has room after an answer", async () => {
    const { ask, clock, endOf, finish, look } = await tills(owner, {
      settings: { deferralsPerActor: 3 },
    });
    const waiting = [1, 2, 3].map((cents) => ended(ask.pay({ cents })));
    await clock.runFor(100);
    expect(await endOf(ask.pay({ cents: 4 }))).toMatchObject({
      code: "DEFERRALS_FULL",
      outcome: "not-applied",
    });
    expect(await look()).toEqual({ paid: [1, 2, 3], waiting: 3 });
    await finish(ask.settle({}));
    expect(await finish(Promise.all(waiting))).toHaveLength(3);
    const last = ended(ask.pay({ cents: 4 }));
    await clock.runFor(100);
    await finish(ask.settle({}));
    expect(await finish(last)).toEqual({ value: { ok: true, value: 4 } });
  });

  test("is not answered by a turn whose answer cannot be sent, and by the next one that can", async () => {
    const { ask, clock, endOf, finish, look } = await tills(owner, {
      settings: { maxMessageBytes: 10_000 },
    });
    const paid = ended(ask.pay({ cents: 5 }));
    await clock.runFor(100);
    expect(await endOf(ask.shout({ size: 20_000 }))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      outcome: "not-applied",
    });
    expect(await look()).toEqual({ paid: [5], waiting: 1 });
    await finish(ask.settle({}));
    expect(await finish(paid)).toEqual({ value: { ok: true, value: 1 } });
  });

  test.each(["own", "twice", "undeclared"] as const)(
    "is not answered by a turn that errs: %s",
    async (what) => {
      const { ask, clock, endOf, finish, look } = await tills(owner);
      const paid = ended(ask.pay({ cents: 5 }));
      await clock.runFor(100);
      expect(await endOf(ask.meddle({ what, id: "" }))).toMatchObject({
        code: "HANDLER_FAILED",
        outcome: "not-applied",
      });
      expect(await look()).toEqual({ paid: [5], waiting: 1 });
      await finish(ask.settle({}));
      expect(await finish(paid)).toEqual({ value: { ok: true, value: 1 } });
    },
  );
});

test("an actor does not answer what was asked of another", async () => {
  const { commits, clock, endOf, finish, idsIn, n1 } = await tills("n1");
  const [one = "", two = ""] = idsIn(3, 2);
  const paid = ended(n1.actor(till, one).ask.pay({ cents: 5 }));
  await clock.runFor(100);
  const id = commits.flatMap(({ deferrals }) => deferrals?.put ?? []).at(-1)?.id ?? "";
  expect(id).not.toBe("");
  expect(await endOf(n1.actor(till, two).ask.meddle({ what: "other", id }))).toMatchObject({
    code: "HANDLER_FAILED",
    message: expect.stringContaining(`an ask of till/${one}`),
  });
  await finish(n1.actor(till, one).ask.settle({}));
  expect(await finish(paid)).toEqual({ value: { ok: true, value: 1 } });
});

test("a told message that defers leaves nothing behind", async () => {
  const { clock, finish, id, look, n1, stored, deadLetters } = await tills("n2");
  await finish(n1.actor(till, id).tell.pay({ cents: 5 }));
  await finish(n1.actor(till, "elsewhere").ask.payElsewhere({ at: id }));
  await clock.runFor(1_000);
  expect(await look()).toEqual({ paid: [5, 1], waiting: 2 });
  expect(await stored()).toBe(0);
  await finish(n1.actor(till, id).ask.settle({}));
  expect(await deadLetters()).toEqual([]);
});

test("many asks are deferred and answered within single commits", async () => {
  const { ask, commits, finish, look } = await tills("n2");
  const paid = Array.from({ length: 200 }, (_, cents) => ended(ask.pay({ cents })));
  const settled = ended(ask.settle({}));
  expect(await finish(settled)).toEqual({ value: 200 });
  const answers = valuesOf(await finish(Promise.all(paid)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
    new Set(['{"ok":true,"value":200}']),
  );
  expect(await look()).toMatchObject({ waiting: 0 });
  expect(commits.filter(({ deferrals }) => deferrals).length).toBeLessThan(10);
});
