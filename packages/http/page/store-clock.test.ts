import { expect, test } from "bun:test";
import { at, now } from "./page-kit.test.ts";
import { StoreClock } from "./store-clock.ts";

test("a machine with a wrong clock follows the cluster's time", () => {
  let local = now + 3_600_000;
  const clock = new StoreClock(() => local);
  clock.note(at(0), false);
  local += 5_000;
  expect(clock.now()).toBe(now + 5_000);
});

test("an answer that is stale tells of the past and moves nothing", () => {
  const clock = new StoreClock(() => now);
  clock.note(at(-60_000), true);
  clock.note("not an instant", false);
  expect(clock.now()).toBe(now);
});
