import { describe, expect, test } from "bun:test";
import { app, failed, row } from "./app-row-kit.test.ts";
import { compareRows } from "./compare-nodes.ts";
import { diffRow } from "./diff.ts";
import { explainApp } from "./explain.ts";
import type { AppRow, AppSummary } from "./model.ts";
import { nextStep } from "./next-step.ts";
import { noHistory, noteAttempt } from "./node-history.ts";

const met = (generation: number, message: string) => ({
  generation,
  version: "1.0.0",
  initStatus: "error_disabled" as const,
  reason: { code: "hook_failed", message },
});

const T0 = Date.parse("2026-05-01T12:00:00.000Z");
const failedThrice = noteAttempt(
  noteAttempt(noteAttempt(noHistory, met(3, "no way"), T0), met(3, "no way"), T0 + 1_000),
  met(3, "still no way"),
  T0 + 2_000,
);
const untold = () => noHistory;

describe("an explanation", () => {
  test("says who wanted what, who agrees, why others do not, and what comes next", () => {
    const rows = [row("web-1"), failed("web-2"), row("web-3", { nodeState: "lost", stale: true })];
    const told = explainApp(app(), rows, untold, T0);
    expect(told.sentence).toBe(
      "crm is to be enabled since 2026-05-01T12:00:00.000Z, as anna asked: roll-out. " +
        "1 of 2 nodes agree. web-2 is error_disabled: enable: no way; " +
        "it is tried again at 2026-05-01T12:00:04.000Z. web-3 is lost and could not be asked.",
    );
    expect(told.intent).toMatchObject({ by: "anna", reason: "roll-out", generation: 3 });
    expect(told.nodes.map(({ nodeId, next }) => [nodeId, next.kind])).toEqual([
      ["web-1", "none"],
      ["web-2", "retry"],
      ["web-3", "waits"],
    ]);
  });

  test("tells what the attempts at this intent came to, repeats as one", () => {
    const rows = [row("web-1"), failed("web-2")];
    const told = explainApp(app(), rows, (id) => (id === "web-2" ? failedThrice : noHistory), T0);
    const about = { generation: 3, outcome: "error_disabled" } as const;
    expect(told.nodes.map(({ attempts }) => attempts)).toEqual([
      [],
      [
        {
          ...about,
          at: "2026-05-01T12:00:00.000Z",
          lastAt: "2026-05-01T12:00:01.000Z",
          count: 2,
          error: "no way",
        },
        {
          ...about,
          at: "2026-05-01T12:00:02.000Z",
          lastAt: "2026-05-01T12:00:02.000Z",
          count: 1,
          error: "still no way",
        },
      ],
    ]);
    const newer = explainApp(app({ generation: 4 }), rows, () => failedThrice, T0);
    expect(newer.nodes[0]?.attempts.map(({ generation, error }) => [generation, error])).toEqual([
      [3, "still no way"],
    ]);
  });

  test("tells nodes of one story together", () => {
    const broken = { initStatus: "compiler_error_disabled", nextAttemptAt: null } as const;
    const rows = ["web-1", "web-2", "web-3"].map((id) => failed(id, broken));
    expect(explainApp(app(), rows, untold, T0).sentence).toEndWith(
      "0 of 3 nodes agree. web-1, web-2 and web-3 are compiler_error_disabled: enable: no way; " +
        "no retry will make the package load: give a version that does.",
    );
  });

  test("says that all agree, with nothing to run", () => {
    const told = explainApp(
      app({ converged: true, drifted: 0 }),
      [row("web-1"), row("web-2")],
      untold,
      T0,
    );
    expect(told.sentence).toEndWith("All 2 nodes agree.");
    expect("command" in told).toBe(false);
  });

  test("names the command for what needs a person most", () => {
    const unset = failed("web-3", { initStatus: "invalid_settings_disabled" });
    const { command } = explainApp(app(), [failed("web-2"), unset], untold, T0);
    expect(command).toStartWith("muster apps settings crm ");
  });

  const hold = { owner: "rosa", by: "ops", reason: "look", at: "then", until: "18:00" };
  const goings: readonly [string, Partial<AppSummary>, string, string | undefined][] = [
    [
      "who holds an uninstall up, since when, and what to do",
      {
        desiredStatus: "uninstalled",
        uninstall: {
          phase: "tearing-down",
          since: "2026-05-01T11:57:00.000Z",
          boundAt: "2026-05-01T12:07:00.000Z",
          waitingFor: [
            { nodeId: "web-2", reason: { code: "disable_failed", message: "it hangs." } },
          ],
        },
      },
      "The uninstall has waited for web-2 (up) for 3 min: it hangs; " +
        "at 2026-05-01T12:07:00.000Z it goes on without it, which tears it down when it can.",
      "muster nodes get web-2",
    ],
    [
      "that a purge ends processes",
      {
        uninstall: {
          ...{ phase: "purging", since: "2026-05-01T11:59:30.000Z", boundAt: "x" },
          ...{ waitingFor: [], error: "crash_loop: it ended them" },
        },
      },
      "Its purge is under way since 30 s. The purge failed, and is tried again only when somebody asks: crash_loop: it ended them.",
      'muster apps uninstall crm --force --reason "its purge is mended"',
    ],
    [
      "what a purge failed by",
      {
        uninstall: {
          ...{ phase: "purging", since: "2026-05-01T11:59:30.000Z", boundAt: "x" },
          ...{ waitingFor: [], error: "no bucket" },
        },
      },
      "Its purge is under way since 30 s. The purge failed, and is tried again every 5 minutes: no bucket.",
      undefined,
    ],
    [
      "who paused it",
      { pausedUntil: "18:00", paused: { ...hold, missed: true } },
      "It is paused by rosa until 18:00 (look); what was changed meanwhile is done then.",
      undefined,
    ],
    [
      "who answers for its drift",
      { acknowledged: { ...hold, causes: ["hook_failed"] } },
      "rosa answers for its drift (hook_failed) until 18:00: look.",
      undefined,
    ],
    [
      "what halted an update",
      {
        rollout: {
          ...{ phase: "halted", nodes: ["web-2"], from: "0.9.0" },
          haltedBy: { nodeId: "web-2", reason: { code: "compile_error", message: "no such file" } },
        },
      },
      "The update is halted by web-2: no such file; the others keep 0.9.0.",
      'muster apps rollback crm --reason "it does not run"',
    ],
  ];
  test("a node that missed a change under a pause acts when it ends", () => {
    const missed = app({ pausedUntil: "18:00", paused: { ...hold, missed: true } });
    const rows = [row("web-1", { converged: false, observedIntentId: "an earlier one" })];
    const { nodes } = explainApp(missed, rows, untold, T0);
    expect(nodes[0]?.next).toMatchObject({ kind: "waits", at: "18:00" });
    expect(nodes[0]?.next.sentence).toContain("is acted on when the pause ends, at 18:00");
  });

  test.each(goings)("tells %s", (_, part, sentence, command) => {
    const told = explainApp(app(part), [row("web-1"), row("web-2")], untold, T0);
    expect(told.sentence).toEndWith(sentence);
    expect(told.command).toBe(command as never);
  });

  test("names each value that nodes have differently, with the nodes that have it", () => {
    const rows = [
      row("web-1"),
      row("web-2", { packageDigest: "sha256:b" }),
      row("web-3"),
      // Nothing is loaded there: it has no build to differ in.
      row("web-4", { packageDigest: null, reportedAt: null }),
    ];
    expect(explainApp(app(), rows, untold, T0).differences).toEqual([
      {
        field: "packageDigest",
        values: [
          { value: "sha256:a", nodes: ["web-1", "web-3"] },
          { value: "sha256:b", nodes: ["web-2"] },
        ],
      },
    ]);
  });
});

describe("what comes next", () => {
  const steps: readonly [string, AppRow, string, boolean][] = [
    ["agrees", row("n"), "none", false],
    ["is lost", row("n", { nodeState: "lost" }), "waits", true],
    ["is suspect", failed("n", { nodeState: "suspect" }), "waits", true],
    ["has not acted", failed("n", { observedIntentId: "i2" }), "soon", false],
    ["retries", failed("n"), "retry", true],
    ["is about to retry", failed("n", { nextAttemptAt: null }), "soon", false],
    ["does not compile", failed("n", { initStatus: "compiler_error_disabled" }), "terminal", false],
    [
      "has a bad record",
      failed("n", { initStatus: "invalid_installation_disabled" }),
      "terminal",
      false,
    ],
    ["lacks settings", failed("n", { initStatus: "invalid_settings_disabled" }), "waits", true],
    ["lacks a licence", failed("n", { initStatus: "invalid_license_disabled" }), "waits", true],
    [
      "lacks the package",
      failed("n", { reason: { code: "package_missing", message: "" } }),
      "waits",
      false,
    ],
    [
      "refused",
      failed("n", { initStatus: "disabled", reason: { code: "refused", message: "" } }),
      "retry",
      false,
    ],
    ["is at it", row("n", { initStatus: "constructed", converged: false }), "soon", false],
  ];
  test.each(steps)("of a node that %s", (_, seen, kind, hasCommand) => {
    const step = nextStep(seen);
    expect([step.kind, step.command !== undefined]).toEqual([kind as never, hasCommand]);
    expect(step.sentence).not.toBe("");
  });
});

describe("two nodes", () => {
  test("that have the same differ in nothing", () => {
    expect(compareRows(row("a"), row("b"))).toBeUndefined();
  });

  test("may have come to be enabled in different ways", () => {
    expect(compareRows(row("a"), row("b", { initStatus: "manually_enabled" }))).toBeUndefined();
  });

  const cases: readonly [Partial<AppRow>, string, string][] = [
    [
      { version: "2.0.0", packageDigest: "x" },
      "version,packageDigest",
      "a has version 1.0.0, b has 2.0.0",
    ],
    [{ packageDigest: "x" }, "packageDigest", "b loads a different build than a"],
    [{ settingsHash: "x" }, "settingsHash", "b runs with other settings than a"],
    [
      {
        initStatus: "error_disabled",
        converged: false,
        reason: { code: "hook_failed", message: "" },
      },
      "initStatus",
      "a is auto_enabled, b is error_disabled (hook_failed)",
    ],
    [{ observedGeneration: 2 }, "observedGeneration", "b has not acted on the present intent yet"],
    [{ runtime: "node 20" }, "runtime", "a runs it on bun 1.4.5, b on node 20"],
  ];
  test.each(cases)("differ by %p", (part, fields, sentence) => {
    const found = compareRows(row("a"), row("b", part));
    expect([found?.differences.map(({ field }) => field).join(), found?.sentence]).toEqual([
      fields,
      sentence,
    ]);
  });
});

describe("a diff", () => {
  test("has nothing for a node that agrees or is gone", () => {
    expect(diffRow(row("a"), "1.0.0")).toBeUndefined();
    expect(diffRow(failed("a", { nodeState: "lost" }), "1.0.0")).toBeUndefined();
  });

  const drifted: readonly AppRow[] = [
    failed("a"),
    failed("a", { observedIntentId: "i2", observedGeneration: 2 }),
    row("a", { converged: false, version: "0.9.0" }),
    row("a", { converged: false }),
    row("a", { converged: false, desiredStatus: "disabled", initStatus: "disabled" }),
  ];
  test("has at least one difference for every row that drifted", () => {
    const found = drifted.map((each) => diffRow(each, "1.0.0")?.differences ?? []);
    expect(found.map((differences) => differences.map(({ field }) => field))).toEqual([
      ["status"],
      ["status", "generation"],
      ["version"],
      ["tearDown"],
      ["tearDown"],
    ]);
  });
});
