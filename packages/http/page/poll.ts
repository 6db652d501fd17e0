/** Asks again and again: one round at a time, none while the page is hidden, paused or locked out. */

/** `locked`: asking again is of no use before somebody does something. */
export type RoundEnd = "answered" | "failed" | "locked";

export interface PollOptions {
  round(): Promise<RoundEnd>;
  isHidden(): boolean;
  readonly everyMs: number;
  /** Pause after failed rounds grows up to this. */
  readonly maxMs: number;
}

export interface Poll {
  /** Asks at once, or right after the round that is under way. */
  now(): void;
  paused: boolean;
}

export const startPoll = ({ round, isHidden, everyMs, maxMs }: PollOptions): Poll => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isPaused = false;
  let isRunning = false;
  let isWanted = false;
  let failures = 0;

  const plan = (end: RoundEnd): void => {
    failures = end === "failed" ? failures + 1 : 0;
    if (end === "locked" || isPaused || isHidden()) return;
    timer = setTimeout(run, Math.min(maxMs, everyMs * 2 ** Math.min(failures, 8)));
  };
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    let end: RoundEnd;
    do {
      isWanted = false;
      end = await round();
    } while (isWanted);
    isRunning = false;
    plan(end);
  };
  void run();
  return {
    now: () => void run(),
    get paused() {
      return isPaused;
    },
    set paused(value) {
      isPaused = value;
      if (isPaused) clearTimeout(timer);
      else void run();
    },
  };
};
