import { expect, test } from "bun:test";
import { type RoundEnd, startPoll } from "./poll.ts";

/** Rounds end when the test says so, and time passes when it does. */
const start = (part: { hidden?: () => boolean } = {}) => {
  const planned = new Map<number, { readonly delayMs: number; readonly work: () => void }>();
  const open: ((end: RoundEnd) => void)[] = [];
  let plans = 0;
  let rounds = 0;
  const poll = startPoll({
    everyMs: () => 1_000,
    maxMs: 5_000,
    isHidden: part.hidden ?? (() => false),
    after: (delayMs, work) => {
      plans += 1;
      const id = plans;
      planned.set(id, { delayMs, work });
      return () => void planned.delete(id);
    },
    round: () => {
      rounds += 1;
      return new Promise((done) => open.push(done));
    },
  });
  return {
    poll,
    get rounds() {
      return rounds;
    },
    get open() {
      return open.length;
    },
    delays: () => [...planned.values()].map(({ delayMs }) => delayMs),
    /** Ends the round under way and lets what follows from it happen. */
    end: async (how: RoundEnd) => {
      open.shift()?.(how);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
    fire: () => {
      const all = [...planned.values()];
      planned.clear();
      for (const { work } of all) work();
    },
  };
};

test("a round begins at once, and the next one a second after its answer", async () => {
  const run = start();
  expect([run.rounds, run.delays()]).toEqual([1, []]);
  await run.end("answered");
  expect([run.rounds, run.delays()]).toEqual([1, [1_000]]);
  run.fire();
  expect([run.rounds, run.delays()]).toEqual([2, []]);
});

test("asking at once during a round makes one more round, after it", async () => {
  const run = start();
  run.poll.now();
  run.poll.now();
  expect([run.rounds, run.open]).toEqual([1, 1]);
  await run.end("answered");
  expect([run.rounds, run.open, run.delays()]).toEqual([2, 1, []]);
  await run.end("answered");
  expect([run.rounds, run.open, run.delays()]).toEqual([2, 0, [1_000]]);
});

test("asking at once between rounds takes the place of the planned one", async () => {
  const run = start();
  await run.end("answered");
  run.poll.now();
  expect([run.rounds, run.delays()]).toEqual([2, []]);
});

test("failures stretch the pause up to a bound, and an answer ends that", async () => {
  const run = start();
  const delays: number[] = [];
  for (const how of ["failed", "failed", "failed", "failed", "answered"] as const) {
    await run.end(how);
    delays.push(...run.delays());
    run.fire();
  }
  expect(delays).toEqual([2_000, 4_000, 5_000, 5_000, 1_000]);
});

test("a paused poll plans nothing, and asks at once when it goes on", async () => {
  const run = start();
  await run.end("answered");
  run.poll.paused = true;
  expect([run.delays(), run.poll.paused]).toEqual([[], true]);
  run.poll.paused = false;
  expect([run.rounds, run.open]).toEqual([2, 1]);
});

test("a page paused in the middle of a round plans nothing after it", async () => {
  const run = start();
  run.poll.paused = true;
  await run.end("answered");
  expect([run.rounds, run.delays()]).toEqual([1, []]);
});

test("a hidden page plans nothing until it is asked", async () => {
  let hidden = true;
  const run = start({ hidden: () => hidden });
  await run.end("answered");
  expect(run.delays()).toEqual([]);
  hidden = false;
  run.poll.now();
  await run.end("answered");
  expect([run.rounds, run.delays()]).toEqual([2, [1_000]]);
});

test("a page that is locked out plans nothing until it is asked", async () => {
  const run = start();
  await run.end("locked");
  expect([run.rounds, run.delays()]).toEqual([1, []]);
  run.poll.now();
  await run.end("answered");
  expect([run.rounds, run.delays()]).toEqual([2, [1_000]]);
});
