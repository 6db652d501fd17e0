/** Drives two sides through one sequence and tells where they part. */
import { lookAt, runStep } from "./run-step.ts";
import { type Side, setTime, startedAt } from "./side.ts";
import type { Step } from "./steps.ts";
import { time } from "./store.ts";

export interface Parted {
  readonly after: Step | "the last step";
  /** Index in the sequence. */
  readonly at: number;
  readonly differences: readonly string[];
}

/** Where two values differ, as `path: one, other`. */
const differences = (one: unknown, other: unknown, path: string): readonly string[] => {
  if (Bun.deepEquals(one, other, true)) return [];
  const bothHold = [one, other].every((value) => typeof value === "object" && value !== null);
  if (!bothHold) return [`${path}: redis ${JSON.stringify(one)}, memory ${JSON.stringify(other)}`];
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(left[key], right[key], `${path}.${key}`));
};

/** What a store answers, an error included: both must fail alike. */
const answerOf = async (side: Side, work: Promise<unknown>): Promise<unknown> => {
  try {
    return side.known.plain.of(await work);
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
};

/** Called with each answer, for who wants to know what was reached. */
export type Note = (step: Step, answer: unknown) => void;

export const compareSides = async (
  redis: Side,
  memory: Side,
  steps: readonly Step[],
  note: Note = () => {},
): Promise<Parted | "alike"> => {
  setTime(startedAt);
  await Promise.all([redis.begin(), memory.begin()]);
  for (const [at, step] of steps.entries()) {
    // A mailbox that was lost or went back must not give the ids of its entries again.
    setTime(time.now + (step.op === "rollback" ? 4_000 : 1));
    if (step.op === "advance" || step.op === "advanceFar") setTime(time.now + step.ms);
    const part = async (
      what: "answer" | "hints" | "everything read",
      read: (side: Side) => Promise<unknown>,
    ): Promise<Parted | undefined> => {
      const [left, right] = await Promise.all([
        answerOf(redis, read(redis)),
        answerOf(memory, read(memory)),
      ]);
      if (what === "answer") note(step, right);
      const found = differences(left, right, what);
      return found.length === 0 ? undefined : { after: step, at, differences: found };
    };
    const parted =
      (await part("answer", (side) => runStep(side, step, at))) ??
      (await part("hints", (side) => side.heard())) ??
      (at % 4 === 3 || at === steps.length - 1
        ? await part("everything read", (side) => lookAt(side, 0))
        : undefined);
    if (parted) return parted;
  }
  return "alike";
};
