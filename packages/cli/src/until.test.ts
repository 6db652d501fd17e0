import { expect, test } from "bun:test";
import { parseUntil } from "./until.ts";

const now = Date.parse("2026-05-01T12:00:00Z");

test.each([
  ["2h", "2026-05-01T14:00:00.000Z"],
  ["90", "2026-05-01T12:01:30.000Z"],
  ["2026-05-03T08:00:00Z", "2026-05-03T08:00:00.000Z"],
  ["2026-05-03T10:00:00+02:00", "2026-05-03T08:00:00.000Z"],
])("%s is %s", (text, instant) => {
  expect(parseUntil(text, now)).toBe(instant);
});

test.each(["400d", "soon"])("%p is answered with both that can be written", (text) => {
  expect(() => parseUntil(text, now)).toThrow("neither an instant nor a while");
});

test.each(["soon", "", "2026-13-01T00:00:00Z", "-1h"])("%p is refused", (text) => {
  expect(() => parseUntil(text, now)).toThrow();
});
