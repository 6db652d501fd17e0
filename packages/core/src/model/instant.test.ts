import { describe, expect, test } from "bun:test";
import { isoInstant } from "./instant.ts";

describe("isoInstant", () => {
  test("agrees with the platform's own calendar over four centuries", () => {
    const step = 86_400_000 * 13 + 12_345_678;
    for (let ms = 0; ms < 13_000_000_000_000; ms += step) {
      expect(isoInstant(ms)).toBe(new Date(ms).toISOString());
    }
  });
  test("knows leap days, century ends and the last millisecond of a year", () => {
    for (const iso of [
      "1970-01-01T00:00:00.000Z",
      "2000-02-29T23:59:59.999Z",
      "2024-02-29T00:00:00.001Z",
      "2026-12-31T23:59:59.999Z",
      "2100-03-01T00:00:00.000Z",
    ]) {
      expect(isoInstant(Date.parse(iso))).toBe(iso);
    }
  });
});
