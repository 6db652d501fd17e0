/** Plays steps one after another and tells of each how it went; a step that fails ends nothing. */
import { hasCode } from "../cli-error.ts";
import { poll } from "../poll.ts";
import type { Missing } from "./facts.ts";
import type { Step } from "./scenario.ts";
import type { World } from "./world.ts";

export interface StepResult {
  readonly title: string;
  readonly seen: boolean;
  readonly tookMs: number;
  /** What was missing at the end, where it was not seen. */
  readonly missing: Missing;
}

const wordsOf = (error: unknown): string =>
  hasCode(error) ? `${error.code}: ${error.message}` : String(error);

/** A node that does not answer yet is a fact that is missing; only an interruption ends the play. */
const look = async (step: Step, world: World): Promise<Missing> => {
  try {
    return await step.check(world);
  } catch (error) {
    if (hasCode(error) && error.code === "INTERRUPTED") throw error;
    return wordsOf(error);
  }
};

const playStep = async (step: Step, world: World, interrupt: AbortSignal): Promise<StepResult> => {
  const startedAt = performance.now();
  let missing: Missing;
  try {
    await step.act?.(world);
    const seen = await poll(
      async () => {
        missing = await look(step, world);
        return missing === undefined ? true : undefined;
      },
      { deadlineMs: step.withinMs, signal: interrupt },
    );
    if (seen) missing = undefined;
  } catch (error) {
    if (interrupt.aborted) throw error;
    missing = wordsOf(error);
  }
  const tookMs = Math.round(performance.now() - startedAt);
  return { title: step.title, seen: missing === undefined, tookMs, missing };
};

export interface PlayOptions {
  readonly interrupt: AbortSignal;
  onStart(step: Step): void;
  onEnd(result: StepResult): void;
}

/** Plays all steps. @returns the results, in order */
export const play = async (
  steps: readonly Step[],
  world: World,
  { interrupt, onStart, onEnd }: PlayOptions,
): Promise<readonly StepResult[]> => {
  const results: StepResult[] = [];
  for (const step of steps) {
    onStart(step);
    const result = await playStep(step, world, interrupt);
    results.push(result);
    onEnd(result);
  }
  return results;
};
