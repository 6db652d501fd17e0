/**
 * How an effect is tried again, and what a crash makes of it. Stored with the effect when it is
 * started: an upgrade in between changes neither its attempts nor whether it may run twice.
 */
import type { EffectSpec } from "../define-actor.ts";
import { defaultRetryPolicy, type RetryPolicy } from "../model/retry-policy.ts";

export interface EffectPolicy {
  readonly isInterrupt: boolean;
  readonly retry: RetryPolicy;
}

export const policyOf = ({ onCrash, retry }: EffectSpec): EffectPolicy => ({
  isInterrupt: onCrash === "interrupt",
  retry: { ...defaultRetryPolicy, ...retry },
});

const strategies = ["exponential", "linear", "constant"] as const;

export const packPolicy = ({ isInterrupt, retry }: EffectPolicy): unknown[] => [
  isInterrupt,
  strategies.indexOf(retry.strategy),
  retry.baseMs,
  retry.maxMs,
  retry.maxAttempts,
  retry.jitter,
];

const isTime = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

export const unpackPolicy = (packed: unknown): EffectPolicy | undefined => {
  if (!Array.isArray(packed)) return undefined;
  const [isInterrupt, at, baseMs, maxMs, maxAttempts, jitter] = packed;
  const strategy = typeof at === "number" ? strategies[at] : undefined;
  if (typeof isInterrupt !== "boolean" || !strategy) return undefined;
  if (!isTime(baseMs) || !isTime(maxMs) || !isTime(maxAttempts) || !isTime(jitter))
    return undefined;
  return { isInterrupt, retry: { strategy, baseMs, maxMs, maxAttempts, jitter } };
};

/** What is wrong with how an effect is declared; `undefined` when nothing is. */
export const effectProblem = (spec: EffectSpec): string | undefined => {
  const { strategy, baseMs, maxMs, maxAttempts, jitter } = policyOf(spec).retry;
  if (!strategies.includes(strategy))
    return `retry.strategy must be one of ${strategies.join(", ")}`;
  if (!isTime(baseMs)) return "retry.baseMs must be a time of 0 ms or more";
  if (!isTime(maxMs)) return "retry.maxMs must be a time of 0 ms or more";
  if (!isTime(maxAttempts) || !Number.isInteger(maxAttempts)) {
    return "retry.maxAttempts must be a whole number, 0 for no end";
  }
  if (!isTime(jitter) || jitter > 1) return "retry.jitter must be from 0 to 1";
  const { timeoutMs, onCrash } = spec;
  if (timeoutMs !== undefined && !(isTime(timeoutMs) && timeoutMs > 0)) {
    return "timeoutMs must be a time above 0 ms";
  }
  if (onCrash !== undefined && onCrash !== "rerun" && onCrash !== "interrupt") {
    return 'onCrash must be "rerun" or "interrupt"';
  }
  return undefined;
};
