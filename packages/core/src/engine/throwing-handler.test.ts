/**
 * A handler that throws: an ask is refused at once; a told message is tried again, holding back its
 * own actor only, and then put aside with its error, and the actor goes on (I4, I8).
 */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor } from "../define-actor.ts";
import { journal, world } from "./engine-kit.test.ts";
import { messagesOf } from "./letter-record.ts";

const places: [string, string][] = [
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
];

describe.each(places)("an actor %s", (_, owner) => {
  test("refuses a throwing ask at once, and answers the next", async () => {
    const { clock, deadLetters, endOf, idOwnedBy, start } = world();
    const n1 = await start("n1");
    await start("n2");
    const { ask } = n1.actor(journal, await idOwnedBy(owner));
    const before = clock.monotonic();
    expect(await endOf(ask.throwOn({ line: "bad" }))).toEqual({
      code: "HANDLER_FAILED",
      outcome: "not-applied",
      message: "journal.throwOn: Error: no bad",
    });
    expect(await endOf(ask.throwOn({ line: "fine" }))).toEqual({ value: 1 });
    expect(clock.monotonic() - before).toBeLessThan(50);
    expect(await deadLetters()).toEqual([]);
  });

  test("tries a throwing tell five times within ten seconds, puts it aside, and goes on", async () => {
    const { clock, deadLetters, idOwnedBy, logger, read, start, until } = world();
    const n1 = await start("n1");
    await start("n2");
    const id = await idOwnedBy(owner);
    const { tell } = n1.actor(journal, id);
    const before = clock.monotonic();
    const sent = [tell.throwOn({ line: "bad" }), tell.write({ line: "later" })];
    let durable = false;
    void Promise.all(sent).then(() => {
      durable = true;
    });
    const attempts = () => logger.lines.filter(({ message }) => message === "a turn failed");
    await until(() => attempts().length === 5 && durable);
    const tookMs = clock.monotonic() - before;
    expect(tookMs).toBeGreaterThan(5_000);
    expect(tookMs).toBeLessThan(10_000);
    await clock.runFor(60_000);
    expect(attempts().map(({ fields }) => (fields as { attempt: number }).attempt)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    const letters = await deadLetters();
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    expect(letter).toMatchObject({
      work: "message",
      reason: "handler_threw",
      actor: `journal/${id}`,
      command: "throwOn",
      error: "Error: no bad",
      attempts: 5,
      open: true,
    });
    expect(letter?.lastAt).toBeGreaterThan((letter?.firstAt ?? Infinity) + 5_000);
    expect(letter && messagesOf(letter, letter.body)).toMatchObject([
      { kind: "journal", id, command: "throwOn", input: { line: "bad" } },
    ]);
    expect(await read(n1, id)).toEqual(["later"]);
  });
});

test("a tell that is tried again holds back its own actor and no other", async () => {
  const { clock, finish, idsIn, read, start } = world();
  const n1 = await start("n1");
  const [held = "", free = ""] = idsIn(1, 2);
  void n1.actor(journal, held).tell.throwOn({ line: "bad" });
  void n1.actor(journal, held).tell.write({ line: "waits" });
  await clock.runFor(5);
  await finish(n1.actor(journal, free).ask.write({ line: "at once" }), 100);
  const waits = n1.actor(journal, held).ask.read({});
  await clock.runFor(500);
  expect(await read(n1, free)).toEqual(["at once"]);
  expect(await finish(waits)).toEqual(["waits"]);
});

test("a tell that succeeds on a later attempt is applied once and leaves no dead letter", async () => {
  let failures = 2;
  const { clock, deadLetters, finish, start } = world({
    actors: [flaky(() => failures-- > 0) as unknown as ActorKind],
  });
  const n1 = await start("n1");
  await finish(n1.actor(flakyProtocol, "f").tell.hit({}));
  await clock.runFor(20_000);
  expect(await finish(n1.actor(flakyProtocol, "f").ask.hits({}))).toEqual([3]);
  expect(await deadLetters()).toEqual([]);
});

const flakyProtocol = defineActor({
  kind: "flaky",
  state: z.strictObject({ hits: z.array(z.number()) }),
  commands: {
    hit: { input: z.strictObject({}) },
    hits: { input: z.strictObject({}), output: z.array(z.number()), readOnly: true },
  },
});
/** Notes the attempt of each hit; throws while `fails` says so. */
const flaky = (fails: () => boolean) =>
  flakyProtocol.implement({
    initial: () => ({ hits: [] }),
    on: {
      hit: (turn, state, _, { attempt }) => {
        if (fails()) throw new Error("not yet");
        return turn.next({ hits: [...state.hits, attempt] }).reply();
      },
      hits: (turn, state) => turn.reply(state.hits),
    },
  });

test("a handler that is asynchronous, or decides nothing, fails as one that throws does", async () => {
  const broken = flakyProtocol.implement({
    initial: () => ({ hits: [] }),
    on: {
      hit: (() => Promise.reject(new Error("later"))) as never,
      hits: (() => undefined) as never,
    },
  });
  const { endOf, start } = world({ actors: [broken as unknown as ActorKind] });
  const n1 = await start("n1");
  const { ask } = n1.actor(flakyProtocol, "f");
  expect(await endOf(ask.hit({}))).toMatchObject({
    code: "HANDLER_FAILED",
    message: expect.stringContaining("handlers are synchronous"),
  });
  expect(await endOf(ask.hits({}))).toMatchObject({
    code: "HANDLER_FAILED",
    message: expect.stringContaining("did not end with reply(), refuse() or defer()"),
  });
});
