import { expect, test } from "bun:test";
import { FailureLimit } from "./failure-limit.ts";

const make = () => {
  let now = 0;
  const limit = new FailureLimit(() => now);
  const isLimited = (address: string): boolean => {
    try {
      limit.check(address);
      return false;
    } catch {
      return true;
    }
  };
  const fail = (address: string, times: number): void => {
    for (let i = 0; i < times; i += 1) limit.note(address);
  };
  return { isLimited, fail, pass: (ms: number) => (now += ms) };
};

test("the thirtieth failure within a minute closes the door until the minute is over", () => {
  const { isLimited, fail, pass } = make();
  fail("a", 29);
  expect(isLimited("a")).toBe(false);
  fail("a", 1);
  expect(isLimited("a")).toBe(true);
  pass(59_999);
  expect(isLimited("a")).toBe(true);
  pass(1);
  expect(isLimited("a")).toBe(false);
});

test("a new minute counts from nothing", () => {
  const { isLimited, fail, pass } = make();
  fail("a", 30);
  pass(60_000);
  isLimited("a");
  fail("a", 29);
  expect(isLimited("a")).toBe(false);
});

test("addresses are counted apart, and those of long ago make room", () => {
  const { isLimited, fail } = make();
  fail("first", 30);
  fail("second", 30);
  for (let i = 0; i < 9_999; i += 1) fail(`other-${i}`, 1);
  expect(isLimited("first")).toBe(false);
  expect(isLimited("second")).toBe(true);
});
