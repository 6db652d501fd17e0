/** Attempts of told messages and timers are counted over changes of owner (I8). */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor } from "../define-actor.ts";
import { bomb, crashing } from "./crash-kit.test.ts";
import { journal, world } from "./engine-kit.test.ts";

const attemptsIn = (lines: readonly { readonly message: string; readonly fields: unknown }[]) =>
  lines
    .filter(({ message }) => message === "a turn failed")
    .map(({ fields }) => (fields as { attempt: number }).attempt);

describe.each([
  ["on the node that tells", "n1"],
  ["on another node", "n2"],
])("a told message that throws %s", (_, owner) => {
  test("goes on with its attempts when its shard is handed over", async () => {
    const { clock, deadLetters, finish, idOwnedBy, logger, read, settled, start, until } = world();
    const n1 = await start("n1");
    const n2 = await start("n2");
    const id = await idOwnedBy(owner);
    const sent = [
      n1.actor(journal, id).tell.throwOn({ line: "bad" }),
      n1.actor(journal, id).tell.write({ line: "later" }),
    ];
    await until(() => attemptsIn(logger.lines).length === 2);
    await finish(
      (owner === "n1" ? n1 : n2)
        .as({ name: "ops", role: "admin" })
        .nodes.drain(owner, { reason: "test" }),
    );
    await settled();
    await finish(Promise.all(sent));
    await clock.runFor(30_000);
    expect(attemptsIn(logger.lines)).toEqual([1, 2, 3, 4, 5]);
    expect(await deadLetters()).toMatchObject([
      { reason: "handler_threw", attempts: 5, error: "Error: no bad" },
    ]);
    expect(await read(n1, id)).toEqual(["later"]);
  });
});

test("a told message goes on with its attempts when its owner is killed", async () => {
  const { clock, deadLetters, idsIn, kill, lines, logger, mail, startNext, until } =
    await crashing();
  const [id = ""] = idsIn(4, 1);
  await mail([
    { id, command: "throwOn" },
    { id, command: "write", input: { line: "later" } },
  ]);
  await until(() => attemptsIn(logger.lines).length === 3);
  // The count is written with the next commit.
  await clock.runFor(50);
  kill();
  await startNext();
  await clock.runFor(30_000);
  expect(attemptsIn(logger.lines)).toEqual([1, 2, 3, 4, 5]);
  expect(await deadLetters()).toMatchObject([{ reason: "handler_threw", attempts: 5 }]);
  expect(await lines(id)).toEqual(["later"]);
});

test("attempts end after ten seconds, whoever made them", async () => {
  const { clock, deadLetters, idsIn, kill, logger, mail, startNext, until } = await crashing();
  const [id = ""] = idsIn(4, 1);
  await mail([{ id, command: "throwOn" }]);
  await until(() => attemptsIn(logger.lines).length === 2);
  await clock.runFor(50);
  kill();
  await clock.runFor(20_000);
  await startNext();
  await clock.runFor(30_000);
  expect(attemptsIn(logger.lines)).toEqual([1, 2, 3]);
  expect(await deadLetters()).toMatchObject([{ reason: "handler_threw", attempts: 3 }]);
});

const clockwork = defineActor({
  kind: "clockwork",
  state: z.strictObject({}),
  commands: {
    wind: { input: z.strictObject({}), output: z.string() },
    ring: { input: z.strictObject({}) },
  },
});
const Clockwork = clockwork.implement({
  initial: () => ({}),
  on: {
    wind: (turn, state) =>
      turn
        .next(state, { timers: [{ name: "t", afterMs: 100, command: "ring", input: {} }] })
        .reply("wound"),
    ring: () => {
      throw new Error("broken spring");
    },
  },
});

test("a timer that throws goes on with its attempts when its shard is handed over", async () => {
  const actors = [Clockwork as unknown as ActorKind];
  const { clock, deadLetters, finish, logger, server, start, until } = world({ actors });
  const n1 = await start("n1");
  await finish(n1.actor(clockwork, "c").ask.wind({}));
  await until(() => attemptsIn(logger.lines).length === 2);
  const n2 = await start("n2");
  await finish(n1.stop());
  await clock.runFor(30_000);
  expect(n2.ready).toBe(true);
  expect(attemptsIn(logger.lines)).toEqual([1, 2, 3, 4, 5]);
  expect(await deadLetters()).toMatchObject([
    { work: "timer", reason: "handler_threw", command: "ring", attempts: 5 },
  ]);
  for (const shard of server.cluster("shop").shards.values()) expect(shard.tries.size).toBe(0);
});

test("what goes well leaves no trace of attempts", async () => {
  const { commits, clock, finish, idsIn, mail, node } = await crashing();
  const ids = idsIn(1, 5);
  await mail(ids.map((id) => ({ id, command: "write", input: { line: "x" } })));
  for (const id of ids) await finish(node().actor(bomb, id).tell.write({ line: "y" }));
  await clock.runFor(1_000);
  expect(commits.filter(({ tries, dead }) => tries ?? dead)).toEqual([]);
});
