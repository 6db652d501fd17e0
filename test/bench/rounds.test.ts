import { expect, test } from "bun:test";
import { interleave, median, quantile, sideOf } from "./rounds.ts";
import { judge, type Row } from "./row.ts";

test("rounds alternate which side begins and keep each side's values apart", async () => {
  const order: string[] = [];
  const side = (name: string, factor: number) => async (round: number) => {
    order.push(name + round);
    return round * factor;
  };
  expect(await interleave(3, [side("a", 1), side("b", 10)])).toEqual([
    [0, 1, 2],
    [0, 10, 20],
  ]);
  expect(order).toEqual(["a0", "b0", "b1", "a1", "a2", "b2"]);
});

test("median and quantile take the middle and the nearest rank", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile(hundred, 1)]).toEqual([
    50, 99, 100,
  ]);
});

test("a target is met by the ratio of medians, and only with every further condition", () => {
  const row: Row = {
    id: "x",
    measure: "x",
    unit: "1/s",
    target: { kind: "ratio-at-least", ratio: 2 },
    run: () => Promise.reject(new Error("not run")),
  };
  const measured = { ours: sideOf([90, 100, 110]), peer: sideOf([50]) };
  expect(judge(row, "bun", measured)).toMatchObject({ ours: 100, peer: 50, ratio: 2, met: true });
  expect(judge(row, "bun", { ...measured, peer: sideOf([51]) }).met).toBe(false);
  expect(judge(row, "bun", { ...measured, alsoMet: false }).met).toBe(false);
  const atMost: Row = { ...row, target: { kind: "at-most", value: 10, unit: "1/s" } };
  expect(judge(atMost, "bun", { ours: sideOf([11]) }).met).toBe(false);
  expect(judge(atMost, "bun", { ours: sideOf([10]) }).met).toBe(true);
});
