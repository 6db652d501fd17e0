/** Asks again and again: one round at a time, none while the page is hidden, paused or locked out. */

/** `locked`: asking again is of no use before somebody does something. */
export type RoundEnd = "answered" | "failed" | "locked";

export interface PollOptions {
  round(): Promise<RoundEnd>;
  isHidden(): boolean;
  /** Calls back once after a delay; the answer ends it. */
  after(delayMs: number, work: () => void): () => void;
  /** Pause after a round that was answered. */
  everyMs(): number;
  /** Pause after failed rounds grows up to this. */
  readonly maxMs: number;
}

export interface Poll {
  /** Asks at once, or right after the round that is under way. */
  now(): void;
  paused: boolean;
}

export const startPoll = ({ round, isHidden, after, everyMs, maxMs }: PollOptions): Poll => {
  let cancel = (): void => {};
  let isPaused = false;
  let isRunning = false;
  let isWanted = false;
  let failures = 0;

  const plan = (end: RoundEnd): void => {
    failures = end === "failed" ? failures + 1 : 0;
    if (end === "locked" || isPaused || isHidden()) return;
    cancel = after(Math.min(maxMs, everyMs() * 2 ** Math.min(failures, 8)), () => void run());
  };
  const run = async (): Promise<void> => {
    cancel();
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    let end: RoundEnd;
    do {
      isWanted = false;
      // A round that throws is a fault of the page; it must not end the asking.
      end = await round().catch((error: unknown) => {
        console.error(error);
        return "failed" as const;
      });
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
      if (isPaused) cancel();
      else void run();
    },
  };
};
