/** Work outside of an actor: recorded by a commit, started after it, its outcome a command. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect, type EffectContext } from "../define-actor.ts";
import type { ProducerId } from "../model/ids.ts";
import { world } from "./engine-kit.test.ts";
import { encodeBatch, encodeMessage } from "./wire.ts";

const text = z.string();
const mail = defineActor({
  kind: "mail",
  state: z.strictObject({ log: z.array(z.string()) }),
  commands: {
    send: { input: z.strictObject({ to: z.array(text), id: text.optional() }) },
    sendAndDecline: { input: z.strictObject({}), refusals: ["no"] },
    sendUnknown: { input: z.strictObject({}) },
    sent: { input: z.strictObject({ id: text, input: text, output: text }) },
    lost: {
      input: z.strictObject({ id: text, input: text, error: text, attempts: z.number() }),
    },
    log: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});

interface Run extends EffectContext {
  readonly to: string;
  readonly at: number;
}

/** One node whose effect does what `deliver` says; every run of it is noted. */
const mailer = async (
  deliver: (to: string, run: Run) => Promise<string>,
  effect: Partial<Parameters<typeof defineEffect>[0]> = {},
  settings = {},
) => {
  const runs: Run[] = [];
  const Mail = mail.implement({
    initial: () => ({ log: [] }),
    on: {
      send: (turn, state, { to, id }) =>
        turn
          .next(
            { log: [...state.log, "asked"] },
            {
              effects: to.map((input) => ({
                effect: "deliver",
                input,
                ...(id !== undefined && { id: `${id}-${input}` }),
              })),
            },
          )
          .reply(),
      sendAndDecline: (turn, state) =>
        turn.next(state, { effects: [{ effect: "deliver", input: "x" }] }).refuse("no"),
      sendUnknown: (turn, state) =>
        turn.next({ log: ["kept"] }, { effects: [{ effect: "fly", input: state.log }] }).reply(),
      sent: (turn, state, { input, output }) =>
        turn.next({ log: [...state.log, `${input}: ${output}`] }).reply(),
      lost: (turn, state, { input, error, attempts }) =>
        turn.next({ log: [...state.log, `${input}: ${error} (${attempts})`] }).reply(),
      log: (turn, state) => turn.reply(state.log),
    },
    effects: {
      deliver: defineEffect({
        input: text,
        output: text,
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "sent",
        failed: "lost",
        retry: { baseMs: 100, maxAttempts: 3, jitter: 0 },
        run: (to, context) => {
          const run = { ...context, to, at: all.clock.monotonic() };
          runs.push(run);
          return deliver(to, run);
        },
        ...(effect as object),
      }),
    },
  });
  const all = world({ actors: [Mail as unknown as ActorKind], settings });
  const n1 = await all.start("n1");
  const { ask } = n1.actor(mail, "m");
  const log = () => all.finish(ask.log({}));
  return { ...all, n1, ask, runs, log };
};

test("an effect runs once after its commit, and its outcome is told to the actor", async () => {
  const { ask, clock, commits, finish, log, runs } = await mailer(async (to) => `hi ${to}`);
  const before = commits.length;
  await finish(ask.send({ to: ["rosa"] }));
  expect(commits.slice(before).flatMap(({ effects }) => effects?.put ?? [])).toHaveLength(1);
  await clock.runFor(5_000);
  expect(await log()).toEqual(["asked", "rosa: hi rosa"]);
  expect(runs.map(({ to, attempt }) => [to, attempt])).toEqual([["rosa", 1]]);
  expect(commits.flatMap(({ effects }) => effects?.remove ?? [])).toHaveLength(1);
});

test("effects of one turn that are given no id all run", async () => {
  const { ask, clock, finish, log } = await mailer(async () => "ok");
  await finish(ask.send({ to: ["rosa", "ivan", "mei"] }));
  await clock.runFor(1_000);
  expect((await log()).toSorted()).toEqual(["asked", "ivan: ok", "mei: ok", "rosa: ok"]);
});

test("an effect under an id that is still recorded is not started again", async () => {
  let end = (_: string) => {};
  const { ask, clock, finish, log, runs } = await mailer(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  await finish(ask.send({ to: ["rosa"], id: "one" }));
  await finish(ask.send({ to: ["rosa"], id: "one" }));
  await clock.runFor(1_000);
  expect(runs).toHaveLength(1);
  end("ok");
  await clock.runFor(1_000);
  await finish(ask.send({ to: ["rosa"], id: "one" }));
  await clock.runFor(1_000);
  expect(runs).toHaveLength(2);
  expect(await log()).toEqual(["asked", "asked", "rosa: ok", "asked"]);
});

test("an effect that waits for its next attempt is not begun anew under its id", async () => {
  const { ask, clock, finish, log, runs } = await mailer(() => Promise.reject(new Error("busy")));
  await finish(ask.send({ to: ["rosa"], id: "one" }));
  await clock.runFor(50);
  expect(runs).toHaveLength(1);
  await finish(ask.send({ to: ["rosa"], id: "one" }));
  await clock.runFor(20_000);
  expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(await log()).toEqual(["asked", "asked", "rosa: Error: busy (3)"]);
});

test("a failed attempt is repeated under the same key after its delay", async () => {
  const { ask, clock, finish, log, runs } = await mailer(async (_, { attempt }) => {
    if (attempt < 3) throw new Error("busy");
    return "at last";
  });
  await finish(ask.send({ to: ["rosa"] }));
  await clock.runFor(5_000);
  expect(await log()).toEqual(["asked", "rosa: at last"]);
  expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(new Set(runs.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  const [first = 0, second = 0, third = 0] = runs.map(({ at }) => at);
  expect(second - first).toBeGreaterThanOrEqual(100);
  expect(third - second).toBeGreaterThanOrEqual(200);
});

test("an effect whose attempts are used up tells so, with the last error", async () => {
  const { ask, clock, finish, log, runs } = await mailer(() => Promise.reject(new Error("busy")));
  await finish(ask.send({ to: ["rosa"] }));
  await clock.runFor(20_000);
  expect(await log()).toEqual(["asked", "rosa: Error: busy (3)"]);
  expect(runs).toHaveLength(3);
});

test("the outcome of an effect that is not recorded is dropped", async () => {
  const { clock, deadLetters, finish, log, outside, shardOf, ask } = await mailer(async () => "ok");
  await finish(ask.send({ to: ["rosa"] }));
  await clock.runFor(1_000);
  const outcome = encodeMessage({
    kind: "mail",
    id: "m",
    command: "sent",
    input: { id: "w", input: "rosa", output: "once more" },
    sender: "effect:deliver",
    depth: 0,
    sentAt: 1,
    effectId: "mail/m\u0000deliver\u0000w",
  });
  const { shards } = await outside();
  await shards.append({
    shard: shardOf("m"),
    source: {
      kind: "producer",
      producer: `${Number.MAX_SAFE_INTEGER}.x` as ProducerId,
      number: 1,
      hash: "h",
    },
    payloads: [encodeBatch("actor:mail/m", [outcome])],
    count: 1,
  });
  await clock.runFor(1_000);
  expect(await log()).toEqual(["asked", "rosa: ok"]);
  expect(await deadLetters()).toEqual([]);
});

describe("an attempt counts as failed", () => {
  const once = { retry: { maxAttempts: 1 } };

  test("at its limit, and its signal is aborted", async () => {
    const { ask, clock, finish, log, runs } = await mailer(() => new Promise(() => {}), {
      ...once,
      timeoutMs: 500,
    });
    await finish(ask.send({ to: ["rosa"] }));
    await clock.runFor(2_000);
    expect(await log()).toEqual(["asked", "rosa: Error: timed out after 500 ms (1)"]);
    expect(runs[0]?.signal.aborted).toBe(true);
  });

  test("when its output is not as declared", async () => {
    const { ask, clock, finish, log } = await mailer((async () => 7) as never, once);
    await finish(ask.send({ to: ["rosa"] }));
    await clock.runFor(2_000);
    expect((await log())[1]).toContain("rosa: Error: the effect's output is not valid");
  });

  test("when it throws before it waits for anything", async () => {
    const { ask, clock, finish, log } = await mailer(() => {
      throw new Error("at once");
    }, once);
    await finish(ask.send({ to: ["rosa"] }));
    await clock.runFor(2_000);
    expect(await log()).toEqual(["asked", "rosa: Error: at once (1)"]);
  });
});

test("a turn that is refused, or names an unknown effect, starts nothing", async () => {
  const { ask, clock, endOf, log, runs } = await mailer(async () => "ok");
  expect(await endOf(ask.sendAndDecline({}))).toEqual({ value: { ok: false, refusal: "no" } });
  expect(await endOf(ask.sendUnknown({}))).toMatchObject({
    code: "HANDLER_FAILED",
    message: expect.stringContaining('there is no effect "fly"'),
  });
  await clock.runFor(2_000);
  expect(runs).toEqual([]);
  expect(await log()).toEqual([]);
});

test("no more effects run at once than a node may run", async () => {
  let running = 0;
  let most = 0;
  const { ask, clock, finish, log } = await mailer(
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => clock.after(100, resolve));
      running -= 1;
      return "ok";
    },
    {},
    { concurrentEffects: 3 },
  );
  await finish(ask.send({ to: Array.from({ length: 20 }, (_, n) => `${n}`) }));
  await clock.runFor(10_000);
  expect(await log()).toHaveLength(21);
  expect(most).toBe(3);
});

test("an effect due while the node cannot be sure of its lease runs once it can", async () => {
  const { ask, backend, clock, finish, log, runs } = await mailer(
    async (_, { attempt }) => {
      if (attempt === 1) throw new Error("busy");
      return "ok";
    },
    { retry: { baseMs: 2_000, maxAttempts: 5, jitter: 0 } },
  );
  await finish(ask.send({ to: ["rosa"] }));
  await clock.runFor(300);
  backend.cut("n1" as never);
  await clock.runFor(4_000);
  expect(runs).toHaveLength(1);
  backend.heal("n1" as never);
  await clock.runFor(4_000);
  expect(await log()).toEqual(["asked", "rosa: ok"]);
});
