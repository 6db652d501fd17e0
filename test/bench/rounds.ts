/** Rounds of several sides in turn, so that a change of the machine's mood meets all of them. */
import type { Side } from "./row.ts";

/** The p-th part (0 to 1) of values by nearest rank; 0 for none. */
export const quantile = (values: readonly number[], p: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? 0;
};

/** Median and tail in words: a 99th percentile only where there are values enough to have one. */
export const inWords = (values: readonly number[], unit: string): string => {
  const tail = values.length < 100 ? "slowest" : "p99";
  return `p50 ${quantile(values, 0.5).toFixed(0)} ${unit}, ${tail} ${quantile(values, 0.99).toFixed(0)} ${unit}`;
};

/** Middle value; the mean of the two in the middle for an even count. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const high = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[half - 1] ?? 0) + high) / 2;
};

export const sideOf = (values: readonly number[]): Side => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/**
 * Runs every side once a round, each round beginning with the next side, and answers the values of
 * each. Sides run one at a time.
 */
export const interleave = async (
  rounds: number,
  sides: readonly ((round: number) => Promise<number>)[],
): Promise<readonly (readonly number[])[]> => {
  const values: number[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const index = (round + turn) % sides.length;
      const value = await sides[index]?.(round);
      if (value !== undefined) values[index]?.push(value);
    }
  }
  return values;
};
