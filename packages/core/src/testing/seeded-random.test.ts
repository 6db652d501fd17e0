import { expect, test } from "bun:test";
import { seededRandom } from "./seeded-random.ts";

const draws = (seed: number) => {
  const random = seededRandom(seed);
  return [random.draw(), random.id(), random.between(1, 1_000), random.fork().id(), random.draw()];
};

test("the same seed gives the same draws, ids and forks", () => {
  expect(draws(42)).toEqual(draws(42));
});

test("another seed gives others, also when it is next to it or zero", () => {
  const seen = new Set([0, 1, 2, 3, -1, 2 ** 31].map((seed) => JSON.stringify(draws(seed))));
  expect(seen.size).toBe(6);
});

test("draws spread evenly over [0, 1)", () => {
  const random = seededRandom(7);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) {
    const bucket = Math.floor(random.draw() * 10);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("ids have 22 base64url characters and do not repeat", () => {
  const random = seededRandom(7);
  const ids = new Set(Array.from({ length: 5_000 }, () => random.id()));
  expect(ids.size).toBe(5_000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test("between takes both bounds and pick takes every item", () => {
  const random = seededRandom(3);
  const numbers = new Set(Array.from({ length: 200 }, () => random.between(2, 5)));
  expect([...numbers].sort()).toEqual([2, 3, 4, 5]);
  const items = new Set(Array.from({ length: 200 }, () => random.pick(["a", "b", "c"])));
  expect(items.size).toBe(3);
  expect(() => random.pick([])).toThrow("nothing to pick from");
});

test("what a fork draws does not change its parent's course", () => {
  const [one, two] = [seededRandom(9), seededRandom(9)];
  const fork = one.fork();
  two.fork();
  for (let draw = 0; draw < 100; draw++) fork.draw();
  expect(one.id()).toBe(two.id());
});
