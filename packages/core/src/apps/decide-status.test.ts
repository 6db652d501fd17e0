import { describe, expect, test } from "bun:test";
import { type AppFailureClass, defaultReasonCodes } from "../hosts/app-host.ts";
import {
  type AttemptOutcome,
  type AttemptVerdict,
  decideStatus,
  slowDelayMs,
} from "./decide-status.ts";
import { isDisabled, isEnabled, isError } from "./model.ts";

const failed = (failure: AppFailureClass, code?: string): AttemptOutcome => ({
  kind: "failed",
  hook: "enable",
  failure,
  message: "what went wrong",
  ...(code !== undefined && { code }),
});

const table: readonly (readonly [
  string,
  AttemptOutcome,
  Partial<AttemptVerdict> & { code?: string },
])[] = [
  [
    "enabled as at start",
    { kind: "enabled", manually: false },
    { initStatus: "auto_enabled", retry: "never" },
  ],
  [
    "enabled by a change",
    { kind: "enabled", manually: true },
    { initStatus: "manually_enabled", retry: "never" },
  ],
  ["torn down", { kind: "torn-down" }, { initStatus: "manually_disabled", retry: "never" }],
  ["refused", { kind: "refused" }, { initStatus: "disabled", retry: "slow", code: "refused" }],
  [
    "superseded before construct",
    { kind: "superseded", reached: "unknown" },
    { initStatus: "unknown", retry: "backoff" },
  ],
  [
    "superseded after initialize",
    { kind: "superseded", reached: "initialized" },
    { initStatus: "initialized", retry: "backoff" },
  ],
  [
    "does not compile",
    failed("compile"),
    { initStatus: "compiler_error_disabled", retry: "never", code: "compile_error" },
  ],
  [
    "not on this node",
    failed("missing"),
    { initStatus: "error_disabled", retry: "backoff", code: "package_missing" },
  ],
  [
    "unusable install record",
    failed("installation"),
    { initStatus: "invalid_installation_disabled", retry: "never", code: "installation_invalid" },
  ],
  [
    "licence",
    failed("licence"),
    { initStatus: "invalid_license_disabled", retry: "slow", code: "licence_invalid" },
  ],
  [
    "settings",
    failed("settings"),
    { initStatus: "invalid_settings_disabled", retry: "slow", code: "settings_invalid" },
  ],
  [
    "threw",
    failed("error"),
    { initStatus: "error_disabled", retry: "backoff", code: "hook_failed" },
  ],
  [
    "a code of its own",
    failed("licence", "seats_used_up"),
    { initStatus: "invalid_license_disabled", retry: "slow", code: "seats_used_up" },
  ],
  [
    "timed out",
    { kind: "timed-out", hook: "enable", limitMs: 10_000, ignoredSignal: false },
    { initStatus: "error_disabled", retry: "backoff", code: "hook_timeout" },
  ],
  [
    "tear-down threw",
    {
      kind: "tear-down-failed",
      cause: { kind: "failed", hook: "disable", failure: "error", message: "x" },
    },
    { initStatus: "error_disabled", retry: "backoff", code: "disable_failed" },
  ],
  [
    "tear-down timed out",
    {
      kind: "tear-down-failed",
      cause: { kind: "timed-out", hook: "disable", limitMs: 10_000, ignoredSignal: true },
    },
    { initStatus: "error_disabled", retry: "backoff", code: "disable_failed" },
  ],
  [
    "a hook still running",
    { kind: "tear-down-failed", cause: { kind: "still-running", hook: "enable", forMs: 12_340 } },
    { initStatus: "error_disabled", retry: "backoff", code: "disable_failed" },
  ],
];

describe("decideStatus", () => {
  test.each(table)("%s", (_, outcome, { code, ...expected }) => {
    const verdict = decideStatus(outcome);
    expect(verdict).toMatchObject(expected);
    expect(verdict.reason?.code).toBe(code as string);
  });

  test("every failure class has a failure status and an error", () => {
    for (const failure of Object.keys(defaultReasonCodes) as AppFailureClass[]) {
      const verdict = decideStatus(failed(failure));
      expect(isError(verdict.initStatus)).toBe(true);
      expect(verdict.error).toBe(verdict.reason?.message as string);
    }
  });

  test("a refusal is off without being an error", () => {
    const verdict = decideStatus({ kind: "refused" });
    expect(isDisabled(verdict.initStatus)).toBe(true);
    expect(isError(verdict.initStatus)).toBe(false);
    expect(verdict.error).toBeUndefined();
  });

  test("reason codes are snake case, and only enabled outcomes are enabled", () => {
    for (const [, outcome] of table) {
      const { initStatus, reason } = decideStatus(outcome);
      if (reason) expect(reason.code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(isEnabled(initStatus)).toBe(outcome.kind === "enabled");
    }
  });

  test("hooks that failed are named", () => {
    const messages = table.map(([, outcome]) => decideStatus(outcome).reason?.message);
    expect(messages).toContain("enable: what went wrong");
    expect(messages).toContain("enable did not return within 10 s");
    expect(messages).toContain("disable did not return within 10 s and ignores the signal to stop");
    expect(messages).toContain(
      "enable, told to stop 12.3 s ago, has not returned; restart the node to end it",
    );
  });
});

describe("slowDelayMs", () => {
  test("is the given delay, a fifth more or less", () => {
    expect(slowDelayMs(300_000, 0)).toBe(240_000);
    expect(slowDelayMs(300_000, 0.5)).toBe(300_000);
    expect(slowDelayMs(300_000, 0.999_999)).toBe(360_000);
  });
});
