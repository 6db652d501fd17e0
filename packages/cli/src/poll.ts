/** Waits for facts by looking again and again until a deadline. */
import { pause } from "./pause.ts";

export interface PollOptions {
  readonly deadlineMs: number;
  /** @defaultValue 100 */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/** Calls `look` until it answers something; `undefined` when the deadline has passed before. */
export const poll = async <T>(
  look: () => Promise<T | undefined> | T | undefined,
  { deadlineMs, everyMs = 100, signal }: PollOptions,
): Promise<T | undefined> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined || performance.now() >= until) return seen;
    await pause(everyMs, signal);
  }
};
