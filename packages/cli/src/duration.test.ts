import { expect, test } from "bun:test";
import { formatAge, formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["500ms", 500],
  ["60s", 60_000],
  ["5", 5_000],
  ["1.5s", 1_500],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["0", 0],
])("%s is %i milliseconds", (text, ms) => {
  expect(parseDuration("--timeout", text)).toBe(ms);
});

test.each(["", "soon", "5 s", "-1s", "1e3", "8d", "5sec", "Infinity", "5toString"])(
  "%p is no duration",
  (text) => {
    expect(() => parseDuration("--timeout", text)).toThrow("is no duration");
  },
);

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_234, "1.2s"],
  [9_999, "9.9s"],
  [59_999, "59s"],
  [190_000, "3m10s"],
  [3_600_000, "1h"],
  [187_200_000, "2d4h"],
  [-1, "-"],
  [Number.NaN, "-"],
])("%p milliseconds are printed as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("an age that is in the future is none, and one without an instant is not known", () => {
  const at = "2025-01-01T00:00:10.000Z";
  expect(formatAge("2025-01-01T00:00:00.000Z", at)).toBe("10s");
  expect(formatAge("2025-01-01T00:00:11.000Z", at)).toBe("0ms");
  expect(formatAge(undefined, at)).toBe("-");
  expect(formatAge("yesterday", at)).toBe("-");
});
