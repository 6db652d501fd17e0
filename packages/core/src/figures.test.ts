import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor, defineEffect, tellTo } from "./define-actor.ts";
import { createMuster } from "./muster.ts";
import { createTestMuster, type TestMuster } from "./testing/test-muster.ts";

const counter = defineActor({
  kind: "counter",
  state: z.number(),
  commands: {
    add: { input: z.strictObject({ by: z.number() }) },
    fail: { input: z.null() },
    later: { input: z.null() },
    send: { input: z.null() },
    sent: { input: z.unknown() },
    spread: { input: z.null() },
  },
});
const Counter = counter.implement({
  initial: () => 0,
  effects: {
    send: defineEffect({
      input: z.null(),
      output: z.null(),
      run: async () => null,
      // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
      then: "sent",
      failed: "sent",
    }),
  },
  on: {
    add: (turn, state, { by }) => turn.next(state + by).reply(),
    fail: () => {
      throw new Error("always");
    },
    later: (turn, state) =>
      turn
        .next(state, {
          timers: [{ name: "soon", afterMs: 60_000, command: "add", input: { by: 1 } }],
        })
        .reply(),
    send: (turn, state) => turn.next(state, { effects: [{ effect: "send", input: null }] }).reply(),
    sent: (turn, state) => turn.next(state).reply(),
    spread: (turn, state) => {
      const tell = Array.from({ length: 101 }, () => tellTo(counter, "two").add({ by: 1 }));
      return turn.next(state, { tell }).reply();
    },
  },
});

let node: TestMuster;
afterEach(() => node.stop());
const begin = async () => {
  node = await createTestMuster({ actors: [Counter] });
  return { ask: node.muster.actor(counter, "one").ask, figures: () => node.muster.figures() };
};

test("commands are counted by how they ended, each with its turn", async () => {
  const { ask, figures } = await begin();
  const before = figures();
  await ask.add({ by: 1 });
  await expect(ask.spread(null)).rejects.toThrow();
  await expect(ask.fail(null)).rejects.toThrow();
  const { since, turns, commits, now } = figures();
  expect([
    since.commandsDone - before.since.commandsDone,
    since.commandsRefused - before.since.commandsRefused,
    since.commandsFailed - before.since.commandsFailed,
    since.turnsThrown - before.since.turnsThrown,
  ]).toEqual([1, 1, 1, 1]);
  expect(turns.count - before.turns.count).toBe(3);
  expect(turns.buckets.at(-1)?.count).toBe(turns.count);
  expect(commits.count).toBe(since.commits);
  expect(since.commits).toBeGreaterThan(before.since.commits);
  expect(now.residentActors).toBeGreaterThan(0);
});

test("timers are counted while they are set, and when they fire", async () => {
  const { ask, figures } = await begin();
  const before = figures();
  await ask.later(null);
  expect(figures().now.timers).toBe(before.now.timers + 1);
  await node.advance(60_001);
  await node.until(() => figures().since.timersFired === before.since.timersFired + 1);
  expect(figures().now.timers).toBe(before.now.timers);
});

test("effects are counted by attempt and by outcome", async () => {
  const { ask, figures } = await begin();
  await ask.send(null);
  await node.until(() => figures().since.effectsSucceeded === 1);
  expect(figures().since).toMatchObject({ effectAttempts: 1, effectsFailed: 0 });
  await node.until(() => figures().now.effectsRecorded === 0);
});

test("a dead letter is counted by the node that puts it aside", async () => {
  const { figures } = await begin();
  void node.muster.actor(counter, "one").tell.fail(null);
  await node.until(() => figures().since.deadLetters === 1);
  expect(figures().since.turnsThrown).toBe(5);
  await node.until(() => figures().status.deadLetters.unresolved === 1);
  await expect(node.muster.wait("dead-letters=0", { timeoutMs: 0 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
  });
  let ended = false;
  void node.muster.wait("dead-letters=0").then(() => {
    ended = true;
  });
  const letters = node.muster.as({ name: "test", role: "admin" }).deadLetters;
  const { items } = await letters.list();
  await letters.resolve(items[0]?.id ?? "", { to: "ignored", reason: "a test" });
  await node.until(() => ended, 10);
});

test("a pass of the reconciler is counted by the node that runs it, which says that it leads", async () => {
  node = await createTestMuster();
  const muster = createMuster({ cluster: "passes", reconciler: { everyMs: 3_600_000 } });
  await muster.start();
  const figures = () => muster.figures();
  try {
    await muster.as({ name: "test", role: "operator" }).reconciler.run({ reason: "look" });
    expect(figures().since.passes).toBe(1);
    expect(figures().isReconciler).toBe(true);
    expect(figures().passes.count).toBe(1);
  } finally {
    await muster.stop();
  }
});

test("every view is listed with its age", async () => {
  const { figures } = await begin();
  const views = figures().now.views.map(({ view, stale }) => [view, stale]);
  expect(views).toContainEqual(["app", false]);
  expect(views).toContainEqual(["$status", false]);
});
