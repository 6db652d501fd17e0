import { expect, test } from "bun:test";
import { deepFreeze } from "./freeze.ts";

test("arrays and plain objects are frozen throughout, and answered", () => {
  const value = { list: [{ n: 1 }, [2]], bare: Object.assign(Object.create(null), { x: {} }) };
  expect(deepFreeze(value)).toBe(value);
  for (const part of [value, value.list, value.list[0], value.list[1], value.bare, value.bare.x]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test("bytes, dates, maps and instances stay as they are", () => {
  class Point {
    x = 1;
  }
  const parts = { bytes: new Uint8Array(2), at: new Date(0), map: new Map(), point: new Point() };
  deepFreeze(parts);
  parts.bytes[0] = 7;
  parts.point.x = 2;
  parts.map.set(1, 1);
  expect(parts).toMatchObject({ bytes: new Uint8Array([7, 0]), point: { x: 2 } });
  for (const scalar of [null, undefined, 1, "text", true]) expect(deepFreeze(scalar)).toBe(scalar);
});

test("a value that holds itself is frozen", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  expect(Object.isFrozen(deepFreeze(loop))).toBe(true);
});
