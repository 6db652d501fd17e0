/**
 * How far a shard has been written: the epoch of a claim and the number of its last commit. Epochs
 * grow from claim to claim, so positions of one shard are in order; a shard that goes back lost data.
 */
import type { Epoch } from "./ids.ts";

export interface Position {
  readonly epoch: Epoch;
  readonly seq: number;
}

/** Before the first commit of a shard. */
export const origin: Position = Object.freeze({ epoch: 0, seq: 0 });

/** Tells whether `a` lies behind `b`: less has been written. */
export const isBehind = (a: Position, b: Position): boolean =>
  a.epoch === b.epoch ? a.seq < b.seq : a.epoch < b.epoch;

export const laterOf = (a: Position, b: Position): Position => (isBehind(a, b) ? b : a);
export const earlierOf = (a: Position, b: Position): Position => (isBehind(a, b) ? a : b);

/** What a shard's record tells of its claims: the last commit number of each, newest first. */
export interface ClaimMarks {
  readonly marks: readonly Position[];
  /** The marks go back to the making of the record: there was nothing before them. */
  readonly isWhole: boolean;
}

/**
 * Compares what somebody knows to have been committed with what is there. `kept`: it is there, or
 * so long ago that the record no longer tells; otherwise the position up to which data is left.
 */
export const lastKept = ({ marks, isWhole }: ClaimMarks, known: Position): Position | "kept" => {
  if (known.seq === 0) return "kept";
  for (const mark of marks) {
    if (mark.epoch === known.epoch) return mark.seq < known.seq ? mark : "kept";
    if (mark.epoch < known.epoch) return mark;
  }
  return isWhole ? origin : "kept";
};
