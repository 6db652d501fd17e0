/** How often and how fast failed work is tried again; stored with the work itself. */
export interface RetryPolicy {
  readonly strategy: "exponential" | "linear" | "constant";
  /** Delay before the second attempt, in milliseconds. */
  readonly baseMs: number;
  /** Longest delay between two attempts, in milliseconds. */
  readonly maxMs: number;
  /** Attempts in all, the first included; 0 means without end. */
  readonly maxAttempts: number;
  /** Share of the delay that is drawn at random, 0 to 1. */
  readonly jitter: number;
}

export const defaultRetryPolicy: RetryPolicy = Object.freeze({
  strategy: "exponential",
  baseMs: 1_000,
  maxMs: 300_000,
  maxAttempts: 5,
  jitter: 0.2,
});

/** Tells whether another attempt is due after `attempts` have failed. */
export const hasAttemptLeft = (policy: RetryPolicy, attempts: number): boolean =>
  policy.maxAttempts === 0 || attempts < policy.maxAttempts;

/**
 * Delay before the next attempt after `attempts` failures, in milliseconds.
 * @param draw a number in [0, 1) from the caller's random source
 */
export const retryDelayMs = (policy: RetryPolicy, attempts: number, draw: number): number => {
  const step = Math.max(1, attempts);
  const raw =
    policy.strategy === "constant"
      ? policy.baseMs
      : policy.strategy === "linear"
        ? policy.baseMs * step
        : policy.baseMs * 2 ** Math.min(step - 1, 40);
  const capped = Math.min(raw, policy.maxMs);
  return Math.round(capped * (1 - policy.jitter * draw));
};
