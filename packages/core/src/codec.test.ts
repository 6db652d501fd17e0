import { describe, expect, test } from "bun:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { decode, encode } from "./codec.ts";

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 8 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 8 },
    ),
  ),
})).value;

test("whatever is encoded comes back as it was", () => {
  fc.assert(
    fc.property(plain, (value) => {
      const decoded = decode(encode(value));
      expect(decoded).toEqual({ kind: "decoded", value });
    }),
    { numRuns: 500 },
  );
});

test("bytes of any kind are decoded or called corrupt, and nothing is thrown", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
      expect(["decoded", "corrupt"]).toContain(decode(bytes).kind);
    }),
    { numRuns: 2_000 },
  );
});

class Money {
  readonly cents = 5;
}
const endless: { self?: unknown } = {};
endless.self = endless;

describe("a value that would not come back is refused:", () => {
  test.each([
    ["a date", new Date(0), "A Date cannot be stored"],
    ["a map", new Map([["a", 1]]), "A Map cannot be stored"],
    ["a set", new Set([1]), "A Set cannot be stored"],
    ["an instance of a class", new Money(), "A Money cannot be stored"],
    ["a typed array other than bytes", new Float64Array(2), "A Float64Array cannot be stored"],
    ["a function", () => 1, "Unrecognized object"],
    ["a symbol", Symbol("s"), "Unrecognized object"],
    ["a big integer", 10n, "Unrecognized object"],
    ["a cycle", endless, "Too deep"],
    ["the key __proto__", JSON.parse('{"__proto__":{"admin":true}}'), "__proto__"],
  ])("%s", (_, value, part) => {
    expect(() => encode({ list: [value] })).toThrow(part);
  });
});

test("objects without a prototype and of another realm are plain; undefined fields are left out", () => {
  const bare = Object.assign(Object.create(null), { a: 1, b: undefined });
  expect(decode(encode(bare))).toEqual({ kind: "decoded", value: { a: 1 } });
  const foreign: unknown = runInNewContext("({ a: [1] })");
  expect(decode(encode(foreign))).toEqual({ kind: "decoded", value: { a: [1] } });
});

test("bytes over the cap are not looked at", () => {
  expect(decode(encode("x".repeat(100)), 50)).toEqual({
    kind: "corrupt",
    error: "102 bytes are over the cap of 50",
  });
});
