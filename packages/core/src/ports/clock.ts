/** Cancels what was scheduled; harmless when it already ran. */
export type Cancel = () => void;

/** Time as a node perceives it. The monotonic clock decides trust; the wall clock is for display. */
export interface Clock {
  /** Milliseconds that never go backwards, from an arbitrary origin. */
  monotonic(): number;
  /** Epoch milliseconds of this machine. */
  wall(): number;
  /** Runs `task` once, `delayMs` from now at the earliest; never keeps a process alive by itself. */
  after(delayMs: number, task: () => void): Cancel;
  /** Runs `task` in a later turn of the event loop, in order of the calls. */
  defer(task: () => void): void;
}
