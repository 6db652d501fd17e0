/**
 * Runs one hook of an app under a deadline. Whatever the hook does, the promise settles (I5); what it
 * answers after its deadline goes nowhere.
 */
import { isAppFailure } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { HookFailure, HookName } from "./decide-status.ts";

export interface HookRun<T> {
  readonly hook: HookName;
  readonly limitMs: number;
  readonly clock: Clock;
  /** Tells the hook to stop early. */
  readonly signal?: AbortSignal;
  run(signal: AbortSignal): Promise<T> | T;
}

export type HookResult<T> =
  | { readonly kind: "returned"; readonly value: T }
  | {
      readonly kind: "failed";
      readonly cause: HookFailure;
      /** Settles when a hook that overran its deadline ends after all. */
      readonly overrun?: Promise<void>;
    };

/** Far more than is shown: it is cut to that only after secrets were taken out. */
const maxMessageLength = 20_000;
/** Time to obey the signal, before a hook counts as one that ignores it. */
const graceMs = (limitMs: number): number => Math.min(500, limitMs / 4);

const messageOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength - 1)}…`;
};

const failureOf = (hook: HookName, error: unknown): HookFailure =>
  isAppFailure(error)
    ? {
        kind: "failed",
        hook,
        failure: error.failure,
        message: messageOf(error),
        code: error.reasonCode,
      }
    : { kind: "failed", hook, failure: "error", message: messageOf(error) };

export const runHook = <T>({
  hook,
  limitMs,
  clock,
  signal,
  run,
}: HookRun<T>): Promise<HookResult<T>> =>
  new Promise((resolve) => {
    const controller = new AbortController();
    const startedAt = clock.monotonic();
    const work = (async () => run(controller.signal))();
    const ended = work.then(
      () => {},
      () => {},
    );
    let pastDeadline = false;
    const timedOut = (ignoredSignal: boolean) => {
      signal?.removeEventListener("abort", toldToStop);
      resolve({
        kind: "failed",
        cause: { kind: "timed-out", hook, limitMs, ignoredSignal },
        ...(ignoredSignal && { overrun: ended }),
      });
    };
    let cancel = clock.after(limitMs, () => {
      pastDeadline = true;
      controller.abort(new Error(`${hook} ran longer than ${limitMs} ms`));
      cancel = clock.after(graceMs(limitMs), () => timedOut(true));
    });
    // A hook told to stop early gets a quarter of its limit, so that one that does not listen holds
    // up neither the newer intent nor the tear-down of the others.
    const toldToStop = () => {
      if (pastDeadline) return;
      controller.abort(signal?.reason);
      cancel();
      const leftMs = startedAt + limitMs - clock.monotonic();
      cancel = clock.after(Math.max(0, Math.min(limitMs / 4, leftMs)), () => timedOut(true));
    };
    if (signal?.aborted) toldToStop();
    else signal?.addEventListener("abort", toldToStop, { once: true });

    const settle = (result: HookResult<T>) => {
      cancel();
      signal?.removeEventListener("abort", toldToStop);
      if (pastDeadline) timedOut(false);
      else resolve(result);
    };
    work.then(
      (value) => settle({ kind: "returned", value }),
      (error) => settle({ kind: "failed", cause: failureOf(hook, error) }),
    );
  });
