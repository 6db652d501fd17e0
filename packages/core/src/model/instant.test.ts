import { expect, test } from "bun:test";
import fc from "fast-check";
import { isoInstant, parseInstant } from "./instant.ts";

test("what is written is read again", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
      expect(isoInstant(ms)).toBe(new Date(ms).toISOString());
      expect(parseInstant(isoInstant(ms))).toBe(ms);
    }),
  );
});

test.each([
  "2026-05-01T12:00:00Z",
  "2026-05-01T12:00Z",
  "2026-05-01T14:30:15.5+02:30",
  "2024-02-29T00:00:00.123456-11:00",
])("%s is the instant it names", (text) => {
  expect(parseInstant(text)).toBe(Date.parse(text));
});

test.each([
  "",
  "tomorrow",
  "2026-05-01",
  "2026-05-01T12:00:00",
  "2026-02-29T12:00:00Z",
  "2026-13-01T12:00:00Z",
  "2026-04-31T12:00:00Z",
  "2026-00-10T12:00:00Z",
  "2026-05-01T24:00:00Z",
  "2026-05-01T12:60:00Z",
  "2026-05-01T12:00:00+25:00",
  " 2026-05-01T12:00:00Z",
])("%p is no instant", (text) => {
  expect(parseInstant(text)).toBeUndefined();
});
