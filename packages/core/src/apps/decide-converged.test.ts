import { describe, expect, test } from "bun:test";
import { appReport } from "./app-kit.test.ts";
import type { NodeReport } from "./decide-converged.ts";
import { decideAgreement, isConverged, satisfies } from "./decide-converged.ts";
import { AppDesiredStatus, AppStatus, isEnabled } from "./model.ts";
import type { AppObserved } from "./observed.ts";

const observed = (part: Partial<AppObserved> = {}): AppObserved =>
  appReport({ observedGeneration: 3, ...part });

const report = (part: Partial<AppObserved> = {}, rest: Partial<NodeReport> = {}): NodeReport => ({
  row: {
    unit: "app/crm-sync",
    intentId: "i3",
    observed: observed(part),
    converged: true,
    attempts: 0,
    nextAttemptAt: 0,
    lastError: undefined,
    since: 1,
    reportedAt: 1,
    historyId: "h",
  },
  incarnation: "run-2",
  former: false,
  ...rest,
});

const node = { incarnation: "run-2" };
const enabled = { intentId: "i3", desiredStatus: "enabled" } as const;
const disabled = { intentId: "i3", desiredStatus: "disabled" } as const;

describe("satisfies", () => {
  const failures = [
    "compiler_error_disabled",
    "invalid_license_disabled",
    "invalid_installation_disabled",
    "error_disabled",
    "invalid_settings_disabled",
  ];
  const off = [...failures, "manually_disabled", "disabled"];

  test("is decided for every desired status, init status and tear-down", () => {
    for (const desired of Object.values(AppDesiredStatus)) {
      for (const initStatus of Object.values(AppStatus)) {
        for (const tornDown of [true, false]) {
          const expected =
            desired === "enabled"
              ? initStatus === "auto_enabled" || initStatus === "manually_enabled"
              : off.includes(initStatus) && tornDown;
          expect(satisfies(desired, observed({ initStatus, tornDown }))).toBe(expected);
        }
      }
    }
  });

  test("a node that declined is off and yet not what is wanted", () => {
    expect(satisfies("enabled", observed({ initStatus: "disabled", tornDown: true }))).toBe(false);
  });
});

describe("isConverged", () => {
  test("holds for this intent, this run and a fitting status", () => {
    expect(isConverged(enabled, report(), node)).toBe(true);
    expect(
      isConverged(disabled, report({ initStatus: "manually_disabled", tornDown: true }), node),
    ).toBe(true);
  });

  test.each([
    ["nothing was reported", enabled, undefined],
    ["another intent was acted on", { ...enabled, intentId: "i4" }, report()],
    ["an earlier run reported", enabled, report({}, { incarnation: "run-1" })],
    ["it was reported under another history", enabled, report({}, { former: true })],
    ["the app is off", enabled, report({ initStatus: "error_disabled" })],
    ["the app is on its way", enabled, report({ initStatus: "initialized" })],
    ["the app is still on", disabled, report()],
    [
      "the tear-down has not returned",
      disabled,
      report({ initStatus: "error_disabled", tornDown: false }),
    ],
  ])("does not hold when %s", (_, intent, said) => {
    expect(isConverged(intent, said, node)).toBe(false);
  });

  test("compares intent ids, not generations", () => {
    const lostAndRepeated = report({ observedGeneration: 3 });
    expect(
      isConverged({ intentId: "other", desiredStatus: "enabled" }, lostAndRepeated, node),
    ).toBe(false);
  });
});

describe("decideAgreement", () => {
  test("sorts every status of an app that should be enabled", () => {
    for (const initStatus of Object.values(AppStatus)) {
      const expected = isEnabled(initStatus)
        ? "converged"
        : initStatus === "compiler_error_disabled" || initStatus === "invalid_installation_disabled"
          ? "terminal"
          : "drifted";
      expect(decideAgreement(enabled, report({ initStatus }), node)).toBe(expected);
    }
  });

  test("a failure of an older intent or run is not terminal", () => {
    const broken = { initStatus: "compiler_error_disabled" } as const;
    expect(decideAgreement({ ...enabled, intentId: "i4" }, report(broken), node)).toBe("drifted");
    expect(decideAgreement(enabled, report(broken, { incarnation: "run-1" }), node)).toBe(
      "drifted",
    );
    expect(decideAgreement(enabled, undefined, node)).toBe("drifted");
  });
});
