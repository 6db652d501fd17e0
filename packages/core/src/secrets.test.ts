import { describe, expect, test } from "bun:test";
import { redactByName, redactSecrets } from "./secrets.ts";

describe("redactSecrets", () => {
  test.each([
    [{ apiKey: "k-12345" }, "401 for k-12345", "401 for [redacted]"],
    [{ api_key: "k-12345" }, "401 for k-12345", "401 for [redacted]"],
    [{ smtp: { Password: "hunter22" } }, "login hunter22 failed", "login [redacted] failed"],
    [{ tokens: ["aaaa", "aaaabbbb"] }, "aaaabbbb, aaaa", "[redacted], [redacted]"],
    [{ clientSecret: { value: 987_654 } }, "987654 is wrong", "[redacted] is wrong"],
    [{ secret: "$&" }, "costs $& only", "costs $& only"],
    [{ secret: "a.c(" }, "abc( a.c(", "abc( [redacted]"],
    [
      { url: "https://crm.example" },
      "no route to https://crm.example",
      "no route to https://crm.example",
    ],
    [{}, "connect smtp://bob:pw@mail.example:25", "connect smtp://[redacted]@mail.example:25"],
    [{}, "at https://x.example/a@b", "at https://x.example/a@b"],
  ])("with %p turns %p into %p", (settings, text, expected) => {
    expect(redactSecrets(text, [settings])).toBe(expected);
  });

  test("is quick on long text without a match", () => {
    const text = "a://".repeat(100_000);
    const startedAt = performance.now();
    redactSecrets(text, []);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

test("what stands under a secret name is not shown, however deep", () => {
  expect(
    redactByName({
      id: 7,
      apiKey: "k",
      user: { name: "bob", password: { old: "a" }, Authorization: null },
      list: [{ token: "t" }, "token", new Uint8Array(3)],
    }),
  ).toEqual({
    id: 7,
    apiKey: "[redacted]",
    user: { name: "bob", password: "[redacted]", Authorization: "[redacted]" },
    list: [{ token: "[redacted]" }, "token", "[3 bytes]"],
  });
});

test("nor what is a licence, in a URL, or kept as JSON", () => {
  expect(
    redactByName({
      licence: "LIC-1",
      licenseKey: "LIC-2",
      hasLicence: true,
      invalid_license_disabled: 2,
      record: JSON.stringify({ id: "crm", settings: [{ password: "hunter22" }] }),
      text: "{ is no JSON, smtp://bob:pw@mail.example",
    }),
  ).toEqual({
    licence: "[redacted]",
    licenseKey: "[redacted]",
    hasLicence: true,
    invalid_license_disabled: 2,
    record: '{"id":"crm","settings":[{"password":"[redacted]"}]}',
    text: "{ is no JSON, smtp://[redacted]@mail.example",
  });
});
