import { expect, test } from "bun:test";
import { keySlot } from "./key-slot.ts";

/** As CLUSTER KEYSLOT of Redis answers. */
const known: readonly (readonly [string, number])[] = [
  ["", 0],
  ["123456789", 12_739],
  ["foo", 12_182],
  ["a{foo}b", 12_182],
  ["{foo}{bar}", 12_182],
  ["{}foo", 9_500],
  ["foo{}{bar}", 8_363],
  ["muster:prod:{prod:12}:own", 1_898],
];

for (const [key, slot] of known) {
  test(`"${key}" lies in slot ${slot}`, () => expect(keySlot(key)).toBe(slot));
}

test("an unfinished tag counts as none", () => {
  expect(keySlot("a{b")).not.toBe(keySlot("b"));
});
