/** The clock of this machine; with system-random.ts the only core code that touches real time. */
import type { Clock } from "./clock.ts";

/** Longest delay a timer of Bun and Node takes; beyond it they fire at once. */
const longestTimerMs = 2_147_483_647;

/** Real time. Its timers never keep a process alive. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after: (delayMs, task) => {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (leftMs: number) => {
      timer =
        leftMs > longestTimerMs
          ? setTimeout(() => arm(leftMs - longestTimerMs), longestTimerMs)
          : setTimeout(task, Math.max(0, leftMs));
      timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
  defer: (task) => {
    setImmediate(task);
  },
};
