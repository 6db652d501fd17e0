import { describe, expect, test } from "bun:test";
import { appSettings, maxSettingsChars, sameSettings, settingsHash } from "./settings.ts";

const problemOf = (value: unknown): string | undefined => {
  const parsed = appSettings.safeParse(value);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
};

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { deeper: value };
  return value;
};

describe("appSettings", () => {
  test("accepts any JSON object", () => {
    for (const value of [{}, { a: [1, "x", null, true, { b: -0.5 }] }, nested(16)]) {
      expect(problemOf(value)).toBeUndefined();
    }
  });

  test.each([
    [null, "must be an object"],
    [[1], "must be an object"],
    ["text", "must be an object"],
    [new Map(), "must be an object"],
    [{ at: new Date(0) }, "settings.at is not JSON"],
    [{ run: () => 1 }, "settings.run is not JSON"],
    [{ gone: undefined }, "settings.gone is not JSON"],
    [{ list: [1, Number.NaN] }, "settings.list[1] is not a finite number"],
    [{ n: Number.POSITIVE_INFINITY }, "settings.n is not a finite number"],
    [JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'settings.a has a key "__proto__"'],
  ])("refuses %p", (value, message) => {
    expect(problemOf(value)).toBe(message);
  });

  test("refuses what is nested too deeply without exhausting the stack", () => {
    expect(problemOf(nested(17))).toContain("nested deeper than 16 levels");
    expect(problemOf(nested(200_000))).toContain("nested deeper than 16 levels");
  });

  test("refuses more characters than the limit, and takes exactly the limit", () => {
    const frame = JSON.stringify({ text: "" }).length;
    expect(problemOf({ text: "x".repeat(maxSettingsChars - frame) })).toBeUndefined();
    expect(problemOf({ text: "x".repeat(maxSettingsChars - frame + 1) })).toContain(
      "over the limit",
    );
  });
});

describe("settingsHash", () => {
  test("does not depend on the order of keys", () => {
    const one = { a: 1, b: { c: [1, 2], d: "x" } };
    const other = { b: { d: "x", c: [1, 2] }, a: 1 };
    expect(settingsHash(one)).toBe(settingsHash(other));
    expect(sameSettings(one, other)).toBe(true);
  });

  test("tells thousands of small differences apart", () => {
    const hashes = new Set<string>();
    for (let n = 0; n < 20_000; n++) hashes.add(settingsHash({ url: `https://crm.example/${n}` }));
    expect(hashes.size).toBe(20_000);
    expect(settingsHash({ a: "1" })).not.toBe(settingsHash({ a: 1 }));
    expect(settingsHash({ a: [1, 2] })).not.toBe(settingsHash({ a: [2, 1] }));
    expect(settingsHash({})).toMatch(/^[0-9a-f]{16}$/);
  });
});
