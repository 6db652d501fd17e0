import { expect, test } from "bun:test";
import { foundInPieces, inPieces } from "./in-pieces.ts";

const double = async (piece: readonly number[]) => {
  if (piece.includes(3)) throw new Error("three is away");
  return piece.map((n) => 2 * n);
};

test("answers come in the order asked, however large the pieces", async () => {
  for (const most of [1, 2, 10, Number.POSITIVE_INFINITY]) {
    expect(await inPieces([1, 2, 4, 5], most, double)).toEqual([2, 4, 8, 10]);
  }
});

test("a piece that fails leaves a gap, and nothing where gaps are left out", async () => {
  expect(await inPieces([1, 2, 3, 4, 5], 2, double)).toEqual([2, 4, undefined, undefined, 10]);
  expect(await foundInPieces([1, 2, 3, 4, 5], 2, double)).toEqual([2, 4, 10]);
});

test("when every piece fails, the first failure is told", async () => {
  const failed = inPieces([3, 3], 1, double).catch((error: unknown) => String(error));
  expect(await failed).toBe("Error: three is away");
});

test("nothing asked is nothing answered", async () => {
  expect(await inPieces([], 1, double)).toEqual([]);
});
