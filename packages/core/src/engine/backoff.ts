/** The pause before a call that was not answered is sent again: 50 ms, doubling, up to 1 s. */
import type { Clock } from "../ports/clock.ts";

export const backoff = (clock: Clock, attempt: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(Math.min(1_000, 25 * 2 ** Math.min(attempt, 6)), resolve);
  });
