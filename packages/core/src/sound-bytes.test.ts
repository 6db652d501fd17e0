import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decode, encode } from "./codec.ts";
import { copyPlain } from "./plain.ts";
import { areSound } from "./sound-bytes.ts";

const bytes = (...list: readonly number[]) => new Uint8Array(list);
const anything = fc.anything({ withNullPrototype: true });

test("whatever is encoded is sound, and no part of it is", () => {
  fc.assert(
    fc.property(anything, fc.double({ min: 0, max: 1, maxExcluded: true }), (value, share) => {
      let encoded: Uint8Array;
      try {
        encoded = encode([copyPlain(value), "x"]);
      } catch {
        return;
      }
      expect(areSound(encoded)).toBe(true);
      expect(areSound(encoded.slice(0, Math.floor(share * encoded.byteLength)))).toBe(false);
      expect(areSound(new Uint8Array([...encoded, 0]))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("every size of text, bytes, lists and objects is walked as it was written", () => {
  for (const size of [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
    const list = Array.from({ length: size }, (_, n) => n % 7);
    const fields = Object.fromEntries(list.map((value, n) => [`${n}`, value]));
    for (const value of ["x".repeat(size), new Uint8Array(size), list, fields]) {
      expect(areSound(encode(value))).toBe(true);
      expect(decode(encode(value))).toEqual({ kind: "decoded", value });
    }
  }
  for (const value of [1.5, 2 ** 40, -(2 ** 40), 200, -200, 70_000, -70_000, 2 ** 31, -(2 ** 31)]) {
    expect(areSound(encode([value]))).toBe(true);
  }
});

describe("what claims more than it holds is not sound:", () => {
  test.each([
    ["a list of a billion", bytes(0xdd, 0x3b, 0x9a, 0xca, 0x00)],
    ["an object of a billion", bytes(0xdf, 0x3b, 0x9a, 0xca, 0x00)],
    ["text of four billion", bytes(0xdb, 0xff, 0xff, 0xff, 0xff)],
    [
      "lists of a million in each other",
      new Uint8Array(5_000).map((_, n) => [0xdd, 0, 15, 66, 64][n % 5] ?? 0),
    ],
    ["an extension", bytes(0xd6, 0xff, 0, 0, 0, 0)],
    ["a head that means nothing", bytes(0xc1)],
    ["nothing", bytes()],
    ["lists nested too deep", new Uint8Array(100).fill(0x91, 0, 99)],
  ])("%s", (_, unsound) => {
    expect(areSound(unsound)).toBe(false);
    expect(decode(unsound).kind).toBe("corrupt");
  });
});

test("a list may be as long as its bytes allow", () => {
  const list = new Array<number>(1_040_000).fill(1);
  const decoded = decode(encode(list));
  expect(decoded.kind === "decoded" && (decoded.value as number[]).length).toBe(1_040_000);
});
