import { expect, test } from "bun:test";
import { ago, ahead, bytes, duration, plural, since, words } from "./words.ts";

test("a length of time is told in its largest whole unit", () => {
  const told = [-5, 0, 850, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000];
  expect(told.map(duration)).toEqual([
    ...["0 ms", "0 ms", "850 ms", "999 ms", "1 s", "59 s", "1 min", "59 min", "1 h", "1 d"],
  ]);
});

test("what is under two seconds old is told as now", () => {
  expect([0, 1_999, 2_000, 120_000].map(ago)).toEqual([
    "just now",
    "just now",
    "2 s ago",
    "2 min ago",
  ]);
});

test("a coming attempt counts down to one second and is then due", () => {
  expect([-1, 0, 1, 1_000, 1_001, 300_000].map(ahead)).toEqual([
    ...["due now", "due now", "in 1 s", "in 1 s", "in 2 s", "in 5 min"],
  ]);
});

test("an instant that is missing or broken has no age", () => {
  const now = Date.parse("2026-05-01T12:00:10.000Z");
  expect(since("2026-05-01T12:00:00.000Z", now)).toBe(10_000);
  expect([null, undefined, "", "soon"].map((instant) => since(instant, now))).toEqual([
    ...[undefined, undefined, undefined, undefined],
  ]);
});

test("sizes, counts and statuses read as words", () => {
  expect([0, 1_023, 1_536, 188_743_680, 5 * 2 ** 40].map(bytes)).toEqual([
    ...["0 B", "1023 B", "1.5 KiB", "180 MiB", "5.0 TiB"],
  ]);
  expect([plural(1, "node"), plural(0, "node"), plural(2, "has", "have")]).toEqual([
    ...["1 node", "0 nodes", "2 have"],
  ]);
  expect(words("invalid_license_disabled")).toBe("invalid license disabled");
});
