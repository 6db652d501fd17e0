import { expect, test } from "bun:test";
import { planListings } from "./listing-plan.ts";

const due = (failures: number, count: number) =>
  Array.from({ length: count }, (_, key) => ({ key, failures }));

test("partitions that never failed are listed in one call", () => {
  expect(planListings(due(0, 64)).map((keys) => keys.length)).toEqual([64]);
});

test("each failure halves the size of a call, down to one partition", () => {
  const sizes = [1, 2, 3, 6, 40].map((failures) => planListings(due(failures, 64))[0]?.length);
  expect(sizes).toEqual([32, 16, 8, 1, 1]);
});

test("every partition is in exactly one call, apart from those that failed less often", () => {
  const calls = planListings([
    { key: "a", failures: 0 },
    { key: "b", failures: 3 },
    { key: "c", failures: 0 },
    { key: "d", failures: 3 },
  ]);
  expect(calls).toEqual([["a", "c"], ["b"], ["d"]]);
});

test("nothing due makes no call", () => {
  expect(planListings([])).toEqual([]);
});
