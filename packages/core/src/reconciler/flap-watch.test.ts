import { expect, test } from "bun:test";
import type { NodeRecord } from "../model/node-record.ts";
import { FlapWatch } from "./flap-watch.ts";

const seen = (flaps: number, incarnation = "a"): readonly NodeRecord[] => [
  { id: "web-1", incarnation, flaps } as NodeRecord,
];
const minutes = 60_000;

test("a node that was gone three times within ten minutes is named, and no longer once it is calm", () => {
  const watch = new FlapWatch();
  expect(watch.look(seen(5), 0)).toEqual([]);
  expect(watch.look(seen(6), minutes)).toEqual([]);
  expect(watch.look(seen(8), 2 * minutes)).toEqual(["web-1"]);
  expect(watch.look(seen(8), 10 * minutes)).toEqual(["web-1"]);
  expect(watch.look(seen(8), 11 * minutes)).toEqual([]);
});

test("a look repeated counts nothing twice, and a new incarnation begins anew", () => {
  const watch = new FlapWatch();
  watch.look(seen(0), 0);
  watch.look(seen(2), minutes);
  expect(watch.look(seen(2), minutes)).toEqual([]);
  expect(watch.look(seen(0, "b"), 2 * minutes)).toEqual([]);
  expect(watch.look(seen(1, "b"), 3 * minutes)).toEqual(["web-1"]);
});

test("it is sure that others are calm only after ten minutes", () => {
  const watch = new FlapWatch();
  expect(watch.isSure(0)).toBe(false);
  watch.look(seen(0), 0);
  expect(watch.isSure(9 * minutes)).toBe(false);
  expect(watch.isSure(10 * minutes)).toBe(true);
});
