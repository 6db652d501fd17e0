/** Randomness from one integer (xoshiro128**): the same seed gives the same draws and ids. */
import type { Random } from "../ports/random.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const idLength = 22;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** Spreads a seed over the generator's state, which must not be all zero (splitmix32). */
const spread = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
};

export interface SeededRandom extends Random {
  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  /** A generator of its own, so that what one part draws does not change another's course. */
  fork(): SeededRandom;
}

export const seededRandom = (seed: number): SeededRandom => {
  const next = spread(seed);
  let [a, b, c, d] = [next(), next(), next(), next()];

  const draw32 = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const draw = (): number => draw32() / 0x1_0000_0000;
  const between = (min: number, max: number): number => min + Math.floor(draw() * (max - min + 1));

  return {
    draw,
    between,
    id: () => {
      let id = "";
      for (let at = 0; at < idLength; at++) id += alphabet.charAt(draw32() & 63);
      return id;
    },
    chance: (probability) => draw() < probability,
    pick: (items) => {
      const index = between(0, items.length - 1);
      if (index < 0 || index >= items.length) throw new Error("There is nothing to pick from.");
      return items[index] as (typeof items)[number];
    },
    fork: () => seededRandom(draw32()),
  };
};
