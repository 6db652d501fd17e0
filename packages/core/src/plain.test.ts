import { expect, test } from "bun:test";
import fc from "fast-check";
import { decode, encode } from "./codec.ts";
import { copyPlain, mostBytesPerWeight, weighPlain } from "./plain.ts";

const anything = fc.anything({
  withDate: true,
  withMap: true,
  withSet: true,
  withBigInt: true,
  withTypedArray: true,
  withNullPrototype: true,
  withSparseArray: true,
});

/** What a value comes to, or that it is refused. */
const outcomeOf = (work: () => unknown): unknown => {
  try {
    return { value: work() };
  } catch {
    return "refused";
  }
};
const written = (value: unknown): unknown => {
  const decoded = decode(encode(value));
  if (decoded.kind === "corrupt") throw new Error(decoded.error);
  return decoded.value;
};
/** Zero has no sign once it was written. */
const unsigned = (value: unknown): unknown => JSON.stringify(value);

test("a copy is what writing and reading makes of a value, and refuses the same values", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const wrapped = { value };
      expect(unsigned(outcomeOf(() => copyPlain(wrapped)))).toBe(
        unsigned(outcomeOf(() => written(wrapped))),
      );
    }),
    { numRuns: 3_000 },
  );
});

test("a value weighs at most its bytes, and its bytes are bounded by its weight", () => {
  fc.assert(
    fc.property(anything, (value) => {
      let size: number;
      try {
        size = encode(value).byteLength;
      } catch {
        return;
      }
      const { weight } = weighPlain(value);
      expect(weight).toBeLessThanOrEqual(size);
      expect(size).toBeLessThanOrEqual(weight * mostBytesPerWeight);
    }),
    { numRuns: 3_000 },
  );
});

test("a copy shares nothing with the value", () => {
  const value = { list: [{ bytes: new Uint8Array([1]) }] };
  const copied = copyPlain(value) as typeof value;
  value.list[0]?.bytes.set([2]);
  value.list.push({ bytes: new Uint8Array() });
  expect(copied).toEqual({ list: [{ bytes: new Uint8Array([1]) }] });
});

test("what is not plain is named", () => {
  expect(() => copyPlain({ at: new Date(0) })).toThrow("A Date cannot be stored");
  expect(() => copyPlain({ run: () => 1 })).toThrow("A function cannot be stored");
});
