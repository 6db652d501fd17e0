import { describe, expect, test } from "bun:test";
import type { RetryPolicy } from "../model/retry-policy.ts";
import { decideStep, newUnitState, settleAttempt, type UnitState } from "./replica-unit.ts";

const policy: RetryPolicy = {
  strategy: "exponential",
  baseMs: 1_000,
  maxMs: 8_000,
  maxAttempts: 0,
  jitter: 0,
};
const state = (over: Partial<UnitState> = {}): UnitState => ({
  intent: "i1",
  standing: "untried",
  attempts: 0,
  dueAt: 0,
  nextAttemptAt: 0,
  lastError: undefined,
  ...over,
});
const attempt = (n: number) => ({ kind: "attempt", attempt: n }) as const;
const rest = { kind: "rest" } as const;

describe("decideStep", () => {
  test.each([
    ["an untried intent is tried at once", state(), "i1", "none", attempt(1)],
    ["an inherited one goes on counting", state({ attempts: 4 }), "i1", "none", attempt(5)],
    ["a converged one rests", state({ standing: "converged" }), "i1", "none", rest],
    [
      "a plain nudge leaves a converged one alone",
      state({ standing: "converged" }),
      "i1",
      "soft",
      rest,
    ],
    [
      "a forced nudge tries a converged one",
      state({ standing: "converged" }),
      "i1",
      "force",
      attempt(1),
    ],
    ["another intent is tried at once", state({ standing: "converged" }), "i2", "none", attempt(1)],
    [
      "another intent does not wait for the retry of the last one",
      state({ standing: "waiting", attempts: 7, dueAt: 900 }),
      "i2",
      "none",
      attempt(1),
    ],
    [
      "a failed one waits for its time",
      state({ standing: "waiting", attempts: 2, dueAt: 150 }),
      "i1",
      "none",
      { kind: "wait", ms: 50 },
    ],
    [
      "a plain nudge leaves a planned attempt where it is",
      state({ standing: "waiting", attempts: 2, dueAt: 150 }),
      "i1",
      "soft",
      { kind: "wait", ms: 50 },
    ],
    [
      "a failed one is tried when its time has come",
      state({ standing: "waiting", attempts: 2, dueAt: 100 }),
      "i1",
      "none",
      attempt(3),
    ],
    [
      "one that is asked to try now does not wait, and goes on counting",
      state({ standing: "waiting", attempts: 2, dueAt: 150 }),
      "i1",
      "now",
      attempt(3),
    ],
    [
      "one that failed for good rests all the same",
      state({ standing: "terminal" }),
      "i1",
      "now",
      rest,
    ],
    [
      "a forced nudge does not wait, and counts afresh",
      state({ standing: "waiting", attempts: 2, dueAt: 150 }),
      "i1",
      "force",
      attempt(1),
    ],
    ["a terminal one rests", state({ standing: "terminal", attempts: 1 }), "i1", "soft", rest],
    [
      "a forced nudge tries a terminal one",
      state({ standing: "terminal", attempts: 1 }),
      "i1",
      "force",
      attempt(1),
    ],
    ["an exhausted one rests", state({ standing: "exhausted", attempts: 5 }), "i1", "none", rest],
    [
      "a plain nudge tries an exhausted one",
      state({ standing: "exhausted", attempts: 5 }),
      "i1",
      "soft",
      attempt(6),
    ],
  ] as const)("%s", (_, before, intent, nudge, step) => {
    expect(decideStep(before, { intent, nudge, mono: 100 })).toEqual(step);
  });
});

describe("settleAttempt", () => {
  const facts = { policy, now: 50_000, mono: 100, draw: 0.5 };
  const failed = { converged: false, retry: "policy", error: "boom" } as const;

  test("success resets attempts and error", () => {
    const before = state({ attempts: 4, lastError: "boom" });
    const outcome = { converged: true, retry: "policy", error: undefined } as const;
    expect(
      settleAttempt(before, { intent: "i1", attempt: 5, outcome, aborted: false }, facts),
    ).toEqual(state({ standing: "converged" }));
  });

  test("an attempt that ended well although it was aborted counts", () => {
    const outcome = { converged: true, retry: "policy", error: undefined } as const;
    expect(
      settleAttempt(state(), { intent: "i1", attempt: 1, outcome, aborted: true }, facts).standing,
    ).toBe("converged");
  });

  test("a failure waits as the policy says, by both clocks", () => {
    expect(
      settleAttempt(state(), { intent: "i2", attempt: 3, outcome: failed, aborted: false }, facts),
    ).toEqual({
      intent: "i2",
      standing: "waiting",
      attempts: 3,
      dueAt: 4_100,
      nextAttemptAt: 54_000,
      lastError: "boom",
    });
  });

  test("a failure may name its own delay", () => {
    const outcome = { ...failed, retry: { afterMs: 300_000 } };
    expect(
      settleAttempt(state(), { intent: "i1", attempt: 9, outcome, aborted: false }, facts),
    ).toMatchObject({ standing: "waiting", dueAt: 300_100, nextAttemptAt: 350_000 });
  });

  test("a failure that no retry helps is terminal", () => {
    const outcome = { ...failed, retry: "never" } as const;
    expect(
      settleAttempt(state(), { intent: "i1", attempt: 1, outcome, aborted: false }, facts),
    ).toMatchObject({ standing: "terminal", attempts: 1, nextAttemptAt: 0, lastError: "boom" });
  });

  test("the last attempt that the policy grants leaves it exhausted", () => {
    const granted = { ...facts, policy: { ...policy, maxAttempts: 2 } };
    const ended = { intent: "i1", outcome: failed, aborted: false };
    expect(settleAttempt(state(), { ...ended, attempt: 1 }, granted).standing).toBe("waiting");
    expect(settleAttempt(state(), { ...ended, attempt: 2 }, granted)).toMatchObject({
      standing: "exhausted",
      nextAttemptAt: 0,
    });
  });

  test("an attempt cut short says nothing: it is neither counted nor delayed", () => {
    const before = state({ attempts: 2, lastError: "boom" });
    const outcome = { converged: false, retry: "policy", error: "aborted" } as const;
    expect(
      settleAttempt(before, { intent: "i1", attempt: 3, outcome, aborted: true }, facts),
    ).toEqual(before);
  });
});

describe("newUnitState", () => {
  const inherited = { intentId: "i1", attempts: 6, lastError: "boom" };

  test("inherits attempts at the same intent, and tries once at once", () => {
    const unit = newUnitState("i1", inherited);
    expect(unit).toEqual(state({ attempts: 6, lastError: "boom" }));
    expect(decideStep(unit, { intent: "i1", nudge: "none", mono: 0 })).toEqual(attempt(7));
  });

  test("inherits nothing from another intent, or from nobody", () => {
    expect(newUnitState("i2", inherited)).toEqual(state({ intent: "i2" }));
    expect(newUnitState("i2", undefined)).toEqual(state({ intent: "i2" }));
  });
});
