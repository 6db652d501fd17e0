import { expect, test } from "bun:test";
import { decideSteady } from "./steady.ts";

interface Item {
  readonly id: string;
  readonly n: number;
}
const items = (...ids: readonly string[]): readonly Item[] => ids.map((id) => ({ id, n: 1 }));
const newer = (...ids: readonly string[]): readonly Item[] => ids.map((id) => ({ id, n: 2 }));
const keyOf = ({ id }: Item): string => id;

test("a list that nobody points at shows what is there now", () => {
  const latest = newer("c", "a");
  expect(decideSteady(items("a", "b"), latest, keyOf, false)).toEqual({
    items: latest,
    isWaiting: false,
  });
});

test("one pointed at keeps its order and its rows, and takes new values only", () => {
  const steady = decideSteady(items("a", "b", "c"), newer("d", "c", "a"), keyOf, true);
  expect(steady).toEqual({
    items: [
      { id: "a", n: 2 },
      { id: "b", n: 1 },
      { id: "c", n: 2 },
    ],
    isWaiting: true,
  });
});

test("where nothing came, went or moved, nothing waits", () => {
  const steady = decideSteady(items("a", "b"), newer("a", "b"), keyOf, true);
  expect(steady).toEqual({ items: newer("a", "b"), isWaiting: false });
});

test("an empty list takes its first rows at once", () => {
  expect(decideSteady([], newer("a"), keyOf, true).items).toEqual(newer("a"));
});
