import { describe, expect, test } from "bun:test";
import { appFailure } from "../hosts/app-host.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type HookResult, runHook } from "./run-hook.ts";

const limitMs = 1_000;

const start = <T>(
  run: (signal: AbortSignal) => Promise<T> | T,
  { clock = new VirtualClock(), signal }: { clock?: VirtualClock; signal?: AbortSignal } = {},
) => {
  const seen: { result?: HookResult<T>; at?: number } = {};
  const done = runHook({ hook: "enable", limitMs, clock, run, ...(signal && { signal }) }).then(
    (result) => {
      seen.result = result;
      seen.at = clock.monotonic();
    },
  );
  return { clock, seen, done };
};

const until = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("runHook", () => {
  test("answers what the hook returns, also when it is synchronous", async () => {
    for (const run of [() => 7, async () => 7]) {
      const { done, seen } = start(run);
      await done;
      expect(seen.result).toEqual({ kind: "returned", value: 7 });
    }
  });

  test("turns a throw, a rejection and a thrown non-error into a failure", async () => {
    const runs = [
      () => {
        throw new Error("no route");
      },
      async () => {
        throw new Error("no route");
      },
      () => Promise.reject("no route"),
    ];
    for (const run of runs) {
      const { done, seen } = start(run);
      await done;
      expect(seen.result).toEqual({
        kind: "failed",
        cause: { kind: "failed", hook: "enable", failure: "error", message: "no route" },
      });
    }
  });

  test("keeps the failure class that an app names, whichever copy of the library made it", async () => {
    const foreign = Object.assign(new Error("expired on 1 May"), {
      name: "AppFailure",
      failure: "licence",
      reasonCode: "licence_expired",
    });
    for (const error of [appFailure("licence", "expired on 1 May", "licence_expired"), foreign]) {
      const { done, seen } = start(() => Promise.reject(error));
      await done;
      expect(seen.result).toMatchObject({
        cause: { failure: "licence", message: "expired on 1 May", code: "licence_expired" },
      });
    }
  });

  test("clips a message without end", async () => {
    const { done, seen } = start(() => Promise.reject(new Error("x".repeat(50_000))));
    await done;
    expect(seen.result).toMatchObject({ cause: { message: `${"x".repeat(19_999)}…` } });
  });

  test("at the deadline aborts the signal; a hook that obeys has timed out", async () => {
    const { clock, seen } = start(until);
    await clock.runFor(limitMs - 1);
    expect(seen.result).toBeUndefined();
    await clock.runFor(1);
    expect(seen.result).toEqual({
      kind: "failed",
      cause: { kind: "timed-out", hook: "enable", limitMs, ignoredSignal: false },
    });
  });

  test("a hook that ignores its deadline is left behind, and what it answers later goes nowhere", async () => {
    let finish = (_: string) => {};
    const { clock, seen } = start(
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    await clock.runFor(limitMs + 250);
    const { result } = seen;
    expect(result).toMatchObject({
      cause: { kind: "timed-out", hook: "enable", limitMs, ignoredSignal: true },
    });
    let over = false;
    if (result?.kind === "failed") void result.overrun?.then(() => (over = true));
    await clock.runFor(60_000);
    expect(over).toBe(false);
    finish("too late");
    await clock.runFor(1);
    expect(over).toBe(true);
    expect(seen.result).toBe(result as never);
  });

  test("a hook that fails after it was left behind causes no unhandled rejection", async () => {
    let fail = (_: Error) => {};
    const { clock } = start(
      () =>
        new Promise<never>((_, reject) => {
          fail = reject;
        }),
    );
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listen);
    await clock.runFor(limitMs * 2);
    fail(new Error("too late"));
    await clock.runFor(limitMs);
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("told to stop early, a hook may still answer within a quarter of its limit", async () => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    const { seen } = start(
      () =>
        new Promise<string>((resolve) => {
          clock.after(300, () => resolve("done"));
        }),
      { clock, signal: stop.signal },
    );
    await clock.runFor(100);
    stop.abort();
    await clock.runFor(200);
    expect(seen.result).toEqual({ kind: "returned", value: "done" });
  });

  test("told to stop early and not listening, a hook holds nobody up", async () => {
    const stop = new AbortController();
    const { clock, seen } = start(() => new Promise<never>(() => {}), { signal: stop.signal });
    await clock.runFor(100);
    stop.abort();
    await clock.runFor(limitMs / 4);
    expect(seen.at).toBe(100 + limitMs / 4);
    expect(seen.result).toMatchObject({ cause: { ignoredSignal: true } });
  });
});
