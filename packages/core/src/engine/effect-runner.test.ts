/** An attempt whose outcome was taken meanwhile, from a former owner, has no say any more (I12). */
import { expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect } from "../define-actor.ts";
import type { ActorKey } from "../model/ids.ts";
import { silentLogger } from "../ports/logger.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { EffectRunner } from "./effect-runner.ts";
import { type AnyKind, Kinds } from "./kinds.ts";
import { Meter } from "./meter.ts";
import { Slots } from "./slots.ts";
import type { EffectRecord } from "./wire.ts";

const protocol = defineActor({
  kind: "job",
  state: z.null(),
  commands: { done: { input: z.unknown() }, failed: { input: z.unknown() } },
});

const record: EffectRecord = {
  actor: "job/a" as ActorKey,
  effect: "work",
  id: "w",
  input: "it",
  attempts: 0,
  notBefore: 0,
  started: false,
  historyId: "h",
  epoch: 1,
  principal: undefined,
  policy: undefined,
  chain: [],
  depth: 0,
};

/** A runner with one adopted effect, whose attempts end when the test says so. */
const setUp = () => {
  const clock = new VirtualClock();
  const attempts: { resolve(): void; reject(): void; readonly signal: AbortSignal }[] = [];
  const work = defineEffect({
    input: z.string(),
    output: z.string(),
    // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
    then: "done",
    failed: "failed",
    run: (_, { signal }) =>
      new Promise((resolve, reject) => {
        attempts.push({
          resolve: () => resolve("x"),
          reject: () => reject(new Error("no")),
          signal,
        });
      }),
  });
  const kind = protocol.implement({
    initial: () => null,
    on: {
      done: (turn) => turn.reply(),
      failed: (turn) => turn.reply(),
    },
    effects: { work },
  }) as unknown as ActorKind;
  const saved: EffectRecord[] = [];
  const told: string[] = [];
  const runner = new EffectRunner({
    meter: new Meter(),
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    kinds: new Kinds([kind as unknown as AnyKind]),
    slots: new Slots(4),
    alone: new Slots(1),
    mark: async () => {},
    unmark: () => {},
    fence: { datasetId: "d", epoch: 1 },
    historyId: "h",
    development: true,
    now: () => clock.wall(),
    trusted: () => true,
    save: async (_, changed) => void saved.push(changed),
    finish: ({ command }) => void told.push(command),
    callsOf: () => () => {
      throw new Error("no calls here");
    },
  });
  return { clock, runner, attempts, saved, told };
};

test.each(["resolve", "reject"] as const)(
  "an attempt that ends by %s after its outcome was taken changes and tells nothing",
  async (end) => {
    const { clock, runner, attempts, saved, told } = setUp();
    runner.adopt("e", record, 0);
    await clock.runFor(10);
    runner.forget("e");
    attempts[0]?.[end]();
    await clock.runFor(60_000);
    expect([attempts.length, saved, told, runner.isRecorded("e")]).toEqual([1, [], [], false]);
    expect(attempts[0]?.signal.aborted).toBe(true);
  },
);

test("an effect started again under its id does not get the outcome of the attempt before", async () => {
  const { clock, runner, attempts, told } = setUp();
  runner.adopt("e", record, 0);
  await clock.runFor(10);
  runner.forget("e");
  runner.note("e", { ...record, input: "another" });
  runner.begin("e");
  await clock.runFor(10);
  expect(attempts.length).toBe(2);
  attempts[0]?.resolve();
  await clock.runFor(10);
  expect(told).toEqual([]);
  attempts[1]?.resolve();
  await clock.runFor(10);
  expect(told).toEqual(["done"]);
});

test("an attempt that fails is repeated while its outcome is open", async () => {
  const { clock, runner, attempts, saved, told } = setUp();
  runner.adopt("e", record, 0);
  await clock.runFor(10);
  attempts[0]?.reject();
  await clock.runUntil(() => attempts.length === 2, 60_000);
  expect(saved.length).toBe(1);
  attempts[1]?.resolve();
  await clock.runFor(10);
  expect(told).toEqual(["done"]);
});
