/** Waits for facts by polling up to a deadline, so that no test sleeps for a fixed time. */
import { inspect } from "node:util";
import { stretch } from "./stretch.ts";

export interface WaitOptions {
  /** Stretched by `MUSTER_TEST_STRETCH`. @defaultValue 10000 */
  readonly deadlineMs?: number;
  /** @defaultValue 20 */
  readonly everyMs?: number;
  /** Text added to a failure, such as the tail of a log. */
  readonly context?: () => string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const show = (value: unknown): string =>
  inspect(value, { depth: 6, breakLength: 110, maxArrayLength: 40, maxStringLength: 2_000 });

/**
 * Reads until `holds` says yes and answers that value. A read that throws counts as "not yet".
 * @throws Error naming `fact`, the time waited and the last value (or error) met
 */
export const waitUntil = async <T>(
  fact: string,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean = Boolean,
  options: WaitOptions = {},
): Promise<T> => {
  const deadlineMs = stretch(options.deadlineMs ?? 10_000);
  const startedAt = performance.now();
  let last = "nothing was read";
  let reads = 0;
  for (;;) {
    try {
      const value = await read();
      reads += 1;
      if (holds(value)) return value;
      last = `last value: ${show(value)}`;
    } catch (error) {
      last = `last error: ${show(error)}`;
    }
    if (performance.now() - startedAt > deadlineMs) {
      const context = options.context?.();
      throw new Error(
        `Not within ${deadlineMs} ms (${reads} reads): ${fact}\n${last}${context ? `\n${context}` : ""}`,
      );
    }
    await pause(options.everyMs ?? 20);
  }
};

/**
 * Reads for the whole period and fails at the first value that breaks the fact: for what must stay
 * as it is. The period is stretched.
 * @throws Error naming `fact`, when it broke and the value met
 */
export const holdsFor = async <T>(
  fact: string,
  periodMs: number,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean = Boolean,
  options: Pick<WaitOptions, "everyMs" | "context"> = {},
): Promise<void> => {
  const startedAt = performance.now();
  while (performance.now() - startedAt < stretch(periodMs)) {
    const value = await read();
    if (!holds(value)) {
      const context = options.context?.();
      throw new Error(
        `Broken after ${Math.round(performance.now() - startedAt)} ms: ${fact}\nvalue: ${show(value)}${context ? `\n${context}` : ""}`,
      );
    }
    await pause(options.everyMs ?? 20);
  }
};
