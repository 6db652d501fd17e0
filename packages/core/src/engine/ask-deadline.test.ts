/** Every promise settles by its deadline and says what is known of the command (I5). */
import { describe, expect, test } from "bun:test";
import type { AskOptions } from "../define-actor.ts";
import type { NodeId } from "../model/ids.ts";
import { ended, journal, world } from "./engine-kit.test.ts";

const n2 = "n2" as NodeId;
const two = async (settings = {}) => {
  const all = world({ settings });
  const n1 = await all.start("n1");
  await all.start("n2");
  const id = await all.idOwnedBy("n2");
  await all.clock.runFor(10);
  return { ...all, n1, id };
};

test("an ask whose deadline passed before its turn is dropped, and nothing is applied", async () => {
  const { backend, clock, finish, id, n1, read } = await two();
  backend.freeze(n2);
  const before = clock.monotonic();
  const late = ended(n1.actor(journal, id).ask.write({ line: "late" }, { timeoutMs: 200 }));
  expect(await finish(late)).toMatchObject({ code: "ASK_TIMEOUT", outcome: "unknown" });
  const tookMs = clock.monotonic() - before;
  expect(tookMs).toBeGreaterThan(190);
  expect(tookMs).toBeLessThanOrEqual(201);
  // Callers are told a few milliseconds early.
  await clock.runFor(10);
  backend.thaw(n2);
  await clock.runFor(1_000);
  expect(await read(n1, id)).toEqual([]);
});

test("a command that nobody can have seen ends as not applied, and is not sent later", async () => {
  const { backend, clock, finish, id, n1, read } = await two({ askTimeoutMs: 300 });
  // The first batch is not answered within 300 ms: what follows has not left this process.
  backend.plan = { ...backend.plan, delayMs: [200, 200] };
  const { tell } = n1.actor(journal, id);
  const first = ended(tell.write({ line: "sent" }));
  await clock.runFor(10);
  const second = ended(tell.write({ line: "kept" }));
  expect(await finish(first)).toMatchObject({ code: "ASK_TIMEOUT", outcome: "unknown" });
  expect(await finish(second)).toMatchObject({ code: "ASK_TIMEOUT", outcome: "not-applied" });
  backend.plan = { ...backend.plan, delayMs: [0, 1] };
  await clock.runFor(5_000);
  expect(await read(n1, id)).toEqual(["sent"]);
});

test("an ask that waits behind another turn of its actor is dropped at its deadline", async () => {
  const { clock, finish, idOwnedBy, n1, read } = await two();
  for (const owner of ["n1", "n2"]) {
    const id = await idOwnedBy(owner);
    // Tried again for three seconds, it holds its actor back.
    void n1.actor(journal, id).tell.throwOn({ line: "bad" });
    await clock.runFor(10);
    const waiting = ended(n1.actor(journal, id).ask.write({ line: "late" }, { timeoutMs: 500 }));
    expect(await finish(waiting)).toMatchObject({ code: "ASK_TIMEOUT" });
    await clock.runFor(10_000);
    expect(await read(n1, id)).toEqual([]);
    expect(await finish(n1.actor(journal, id).ask.write({ line: "next" }))).toBe(1);
  }
});

describe("while the backend is away", () => {
  const cutWhileAsking = async (options: AskOptions) => {
    const all = await two();
    const { ask, tell } = all.n1.actor(journal, all.id);
    all.backend.plan = { ...all.backend.plan, delayMs: [50, 50] };
    const before = all.clock.monotonic();
    const sent = ended(ask.write({ line: "sent" }, options));
    await all.clock.runFor(20);
    const behind = ended(ask.write({ line: "behind" }, options));
    await all.clock.runFor(20);
    all.backend.cut("n1" as NodeId);
    const tookMs = () => all.clock.monotonic() - before;
    return { ...all, ask, tell, sent, behind, tookMs };
  };

  test("a new command is refused at once, one that was sent ends by its deadline", async () => {
    const { ask, backend, behind, clock, endOf, finish, id, n1, read, sent, tell, tookMs } =
      await cutWhileAsking({ timeoutMs: 3_000 });
    await clock.runFor(2_000);
    const refused = { code: "BACKEND_UNAVAILABLE", outcome: "not-applied" };
    const before = tookMs();
    expect(await endOf(ask.write({ line: "new" }))).toMatchObject(refused);
    expect(await endOf(tell.write({ line: "new" }))).toMatchObject(refused);
    expect(tookMs()).toBe(before);
    expect(await finish(behind)).toMatchObject(refused);
    expect(await finish(sent)).toMatchObject({ code: "ASK_TIMEOUT", outcome: "unknown" });
    expect(tookMs()).toBeLessThanOrEqual(3_001);
    backend.heal("n1" as NodeId);
    await clock.runFor(5_000);
    expect(await read(n1, id)).toEqual(["sent"]);
  });

  test("a command that wants to fail fast does not wait for its deadline", async () => {
    const { finish, sent, tookMs } = await cutWhileAsking({ timeoutMs: 9_000, failFast: true });
    expect(await finish(sent)).toMatchObject({ code: "BACKEND_UNAVAILABLE", outcome: "unknown" });
    expect(tookMs()).toBeLessThan(1_500);
  });
});

test("a time-out that is no time is refused", async () => {
  const { endOf, id, n1 } = await two();
  for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 3_600_001]) {
    const { ask } = n1.actor(journal, id);
    expect(await endOf(ask.write({ line: "x" }, { timeoutMs }))).toHaveProperty(
      "code",
      "VALIDATION",
    );
  }
});
