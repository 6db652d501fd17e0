import { describe, expect, test } from "bun:test";
import { type ClaimMarks, isBehind, lastKept, type Position } from "./position.ts";

const at = (epoch: number, seq: number): Position => ({ epoch, seq });
const marks = (isWhole: boolean, ...list: readonly Position[]): ClaimMarks => ({
  marks: list,
  isWhole,
});

test("positions are ordered by epoch, then by commit number", () => {
  expect(isBehind(at(1, 9), at(2, 1))).toBe(true);
  expect(isBehind(at(2, 1), at(2, 2))).toBe(true);
  expect(isBehind(at(2, 2), at(2, 2))).toBe(false);
  expect(isBehind(at(3, 0), at(2, 2))).toBe(false);
});

describe("what is left of a known position", () => {
  const record = marks(false, at(30, 2), at(20, 7), at(10, 4));
  test.each([
    ["is kept when its claim ended there", record, at(20, 7), "kept"],
    ["is kept when its claim went on", record, at(20, 6), "kept"],
    ["ends where its claim went back to", record, at(20, 9), at(20, 7)],
    ["ends before the claim when that is gone", record, at(25, 1), at(20, 7)],
    ["ends at the newest claim when a later one is gone", record, at(40, 3), at(30, 2)],
    ["is not told when the record reaches back no further", record, at(5, 1), "kept"],
    ["is nothing when the record was made anew", marks(true, at(30, 2)), at(5, 1), at(0, 0)],
    ["is nothing when the record was never claimed", marks(true), at(5, 1), at(0, 0)],
    ["was nothing when nothing was committed", marks(true), at(5, 0), "kept"],
  ] as const)("%s", (_, record, known, left) => {
    expect(lastKept(record, known)).toEqual(left);
  });
});
