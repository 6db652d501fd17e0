/** Checks what a caller may say of an ask. */
import type { AskOptions } from "../define-actor.ts";
import { MusterError } from "../errors.ts";

const maxKeyLength = 512;
const maxKeepKeyMs = 7 * 86_400_000;

/** @throws MusterError `VALIDATION` */
export const checkKey = ({ idempotencyKey, keepKeyMs }: AskOptions): void => {
  if (idempotencyKey !== undefined) {
    const { length } = idempotencyKey;
    if (!(length >= 1 && length <= maxKeyLength)) {
      throw new MusterError(
        "VALIDATION",
        `An idempotency key has 1 to ${maxKeyLength} characters, not ${length}.`,
      );
    }
  }
  if (keepKeyMs !== undefined && !(keepKeyMs >= 1 && keepKeyMs <= maxKeepKeyMs)) {
    throw new MusterError(
      "VALIDATION",
      `keepKeyMs is ${keepKeyMs}; it must be 1 to ${maxKeepKeyMs} milliseconds.`,
    );
  }
};

const maxTimeoutMs = 3_600_000;

/** @throws MusterError `VALIDATION` for a time-out that is no number of 1 ms to an hour */
export const boundedTimeout = (timeoutMs: number): number => {
  if (Number.isFinite(timeoutMs) && timeoutMs >= 1 && timeoutMs <= maxTimeoutMs) return timeoutMs;
  throw new MusterError(
    "VALIDATION",
    `timeoutMs is ${timeoutMs}; it must be 1 to ${maxTimeoutMs} milliseconds.`,
  );
};
