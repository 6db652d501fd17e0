/** Proves that the guard stage finds what it is for. The samples are joined, so it spares this file. */
import { describe, expect, test } from "bun:test";

const load = async (): Promise<(file: string, text: string) => string[]> => {
  const path: string = new URL("../../scripts/stages/guard.mjs", import.meta.url).href;
  return (await import(path)).findingsIn;
};
const join = (...parts: readonly string[]): string => parts.join("");

const refused: readonly (readonly [what: string, file: string, text: string])[] = [
  ["a focused test", "a.test.ts", join("test", '.only("x", () => {})')],
  ["a skipped group", "a.test.ts", join("describe", '.skip("x", () => {})')],
  ["a test to be written", "a.test.ts", join("it", '.todo("x")')],
  ["a focused test behind another word", "a.test.ts", join("test.concurrent", '.only("x")')],
  ["a right-to-left override", "a.ts", join("const a = 1; //", "\u202e", "x")],
  ["an invisible space", "a.ts", join("const a", "\u200b", " = 1;")],
  ["a private key", "a.txt", join("-----BEGIN RSA ", "PRIVATE KEY-----")],
  ["a forge's token", "a.ts", join("gh", "p_", "a".repeat(36))],
  [
    "a password in an address",
    "a.md",
    join("redis://user:", "hunter2hunter2", "@db.internal:6379"),
  ],
];

const allowed: readonly (readonly [what: string, file: string, text: string])[] = [
  ["a plain test", "a.test.ts", 'test("x", () => {});'],
  ["a method of that name outside tests", "a.ts", "schedule.skip(tick);"],
  ["an address without a password", "a.md", "redis://127.0.0.1:6379"],
  ["a password filled in by code", "a.ts", "`redis://$" + "{user}:$" + "{password}@$" + "{host}`"],
];

describe("the guard", () => {
  for (const [what, file, text] of refused) {
    test(`refuses ${what}, naming the line`, async () => {
      const found = (await load())(file, `first line\n${text}\n`);
      expect(found).toHaveLength(1);
      expect(found[0]).toStartWith(`${file}:2: `);
    });
  }
  for (const [what, file, text] of allowed) {
    test(`lets ${what} be`, async () => {
      expect((await load())(file, text)).toEqual([]);
    });
  }
});
