import { expect, test } from "bun:test";
import { NodeClock } from "../testing/node-clock.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { StoreTime } from "./store-time.ts";

/** A node's view of a store that is `ahead` ms before the common clock. */
const setUp = () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const time = new StoreTime(clock);
  let ahead = 0;
  const storeNow = () => Math.floor(base.wall() + ahead);
  return {
    base,
    clock,
    time,
    storeNow,
    shift: (ms: number) => {
      ahead += ms;
    },
    /** One heartbeat whose way takes `ms` there and `ms` back. */
    beat: (ms: number) => {
      const sentAt = clock.monotonic();
      base.advance(ms);
      const said = storeNow();
      base.advance(ms);
      time.learn(said, sentAt, clock.monotonic());
    },
  };
};

test("a slow answer does not spoil what a quick one has told", () => {
  const { base, time, beat, storeNow } = setUp();
  beat(1);
  base.advance(1_000);
  const sentAt = base.monotonic();
  const said = storeNow();
  base.advance(400);
  time.learn(said, sentAt, base.monotonic());
  expect(time.now()).toBe(storeNow());
});

test("a jump of the store's time is followed with the next answer, however slow", () => {
  const { time, beat, storeNow, shift } = setUp();
  beat(1);
  shift(20_000);
  beat(200);
  expect(Math.abs(time.now() - storeNow())).toBeLessThanOrEqual(1);
});

test("a jump of the node's own clock is corrected with the next answer", () => {
  const { clock, time, beat, storeNow } = setUp();
  beat(1);
  clock.jumpMonotonic(14_000);
  expect(time.now() - storeNow()).toBe(14_000);
  beat(50);
  expect(Math.abs(time.now() - storeNow())).toBeLessThanOrEqual(1);
});

test("time that is a little ahead stands still instead of going back", () => {
  const { base, time, beat, storeNow, shift } = setUp();
  beat(1);
  const before = time.now();
  shift(-500);
  beat(1);
  expect(time.now()).toBe(before);
  base.advance(600);
  expect(time.now()).toBe(storeNow());
});

test("a store whose time has gone back far is followed", () => {
  const { time, beat, storeNow, shift } = setUp();
  beat(1);
  time.now();
  shift(-3_600_000);
  beat(1);
  expect(Math.abs(time.now() - storeNow())).toBeLessThanOrEqual(1);
});
