/** What a row of the bench is, and what it comes to. */
import type { Runtime } from "../kit/built-program.ts";

export type Target =
  | { readonly kind: "ratio-at-least"; readonly ratio: number }
  | { readonly kind: "ratio-at-most"; readonly ratio: number }
  | { readonly kind: "at-most"; readonly value: number; readonly unit: string }
  | { readonly kind: "none" };

/** Conditions of one run. */
export interface BenchContext {
  readonly runtime: Runtime;
  /** A hundredth of the size: shows that the row runs, its figures mean nothing. */
  readonly smoke: boolean;
  readonly rounds: number;
  /** Kills, stops and freezes of the rows that end owners. */
  readonly samples: number;
  /** Port of the run's private Redis. */
  readonly redisPort: number;
  /** Folder for CPU profiles of our own processes, where asked for. */
  readonly profileDir: string | undefined;
  /** `full`, or a hundredth of it in the smoke, at least `least`. */
  size(full: number, least?: number): number;
  /** Name for one round's data, unlike any other. */
  fresh(label: string): string;
  progress(line: string): void;
}

/** Median and extent of a side's rounds. */
export interface Side {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured {
  readonly ours: Side;
  readonly peer?: Side;
  /** Whether a target beyond the row's own was missed, such as a second percentile. */
  readonly alsoMet?: boolean;
  /** Lines of context for the reader of the table. */
  readonly notes?: readonly string[];
}

export interface Row {
  readonly id: string;
  /** What is compared, in one line. */
  readonly measure: string;
  readonly peer?: string;
  readonly unit: string;
  readonly target: Target;
  /** Target in words where it says more than `target`. */
  readonly targetText?: string;
  run(context: BenchContext): Promise<Measured>;
}

/** One entry of the JSON report. */
export interface RowResult {
  readonly id: string;
  readonly runtime: Runtime;
  readonly ours: number;
  readonly peer: number | null;
  readonly unit: string;
  readonly ratio: number | null;
  readonly target: string;
  readonly met: boolean;
  readonly oursSpread: readonly [number, number];
  readonly peerSpread: readonly [number, number] | null;
  readonly notes: readonly string[];
}

/** Says a target in a few characters. */
export const describeTarget = (row: Pick<Row, "target" | "targetText">): string => {
  if (row.targetText !== undefined) return row.targetText;
  const { target } = row;
  switch (target.kind) {
    case "ratio-at-least":
      return `≥ ${target.ratio}×`;
    case "ratio-at-most":
      return `≤ ${target.ratio}×`;
    case "at-most":
      return `≤ ${target.value} ${target.unit}`;
    case "none":
      return "–";
  }
};

const isMet = (target: Target, ours: number, ratio: number | null): boolean => {
  switch (target.kind) {
    case "ratio-at-least":
      return ratio !== null && ratio >= target.ratio;
    case "ratio-at-most":
      return ratio !== null && ratio <= target.ratio;
    case "at-most":
      return ours <= target.value;
    case "none":
      return true;
  }
};

const rounded = (value: number): number => Number(value.toPrecision(4));
const spread = (side: Side): readonly [number, number] => [rounded(side.min), rounded(side.max)];

/** Judges what was measured against the row's target. The ratio is ours to the peer's. */
export const judge = (row: Row, runtime: Runtime, measured: Measured): RowResult => {
  const { ours, peer } = measured;
  const ratio = peer === undefined || peer.median === 0 ? null : ours.median / peer.median;
  return {
    id: row.id,
    runtime,
    ours: rounded(ours.median),
    peer: peer === undefined ? null : rounded(peer.median),
    unit: row.unit,
    ratio: ratio === null ? null : rounded(ratio),
    target: describeTarget(row),
    met: isMet(row.target, ours.median, ratio) && (measured.alsoMet ?? true),
    oursSpread: spread(ours),
    peerSpread: peer === undefined ? null : spread(peer),
    notes: measured.notes ?? [],
  };
};
