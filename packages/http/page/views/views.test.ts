import { expect, test } from "bun:test";
import type { AppSummary, NodeId } from "@muster/core";
import { home } from "../address.ts";
import { holdOf } from "../change-dialog.ts";
import { readFailure } from "../own-notice.ts";
import { appWith, at, now, rowWith } from "../page-kit.test.ts";
import { appActs, reconcileResults } from "./app-acts.ts";
import {
  attemptText,
  differenceText,
  generationText,
  oddPartsOf,
  reasonText,
  stateFacts,
} from "./app-words.ts";
import { sortedApps } from "./apps.ts";
import { eventsPathOf, eventText, typeChoices } from "./events.ts";
import { payloadText } from "./letters.ts";
import { passText } from "./reconciler.ts";
import type { Page } from "./view.ts";

test("the types of events to choose from are those seen, and their families", () => {
  const seen = ["node.lost", "app.intent.changed", "node.lost"].map((type, at) => ({
    id: String(at),
    type,
    subject: "s",
    at: "",
    data: {},
  }));
  expect(typeChoices(seen)).toEqual(["app.*", "app.intent.changed", "node.*", "node.lost"]);
});

test("events are asked for by the filters of the address", () => {
  expect(eventsPathOf(home)).toBe("v1/events?limit=200");
  expect(eventsPathOf({ ...home, types: "app.*", subject: "app/a b" })).toBe(
    "v1/events?limit=200&types=app.*&subject=app%2Fa+b",
  );
});

test("an event says what changed, from what to what, and nothing that stayed", () => {
  const event = (data: Record<string, unknown>) =>
    eventText({ id: "1", type: "t", subject: "s", at: at(0), data });
  expect(
    event({
      previous: { desiredStatus: "enabled", version: "1", intentId: "a" },
      next: { desiredStatus: "disabled", version: "1", intentId: "b" },
    }),
  ).toBe("desiredStatus: enabled → disabled");
  expect(event({ previous: { settingsHash: "a" }, next: { settingsHash: "b" } })).toBe(
    "settingsHash: a → b",
  );
  expect(
    event({ previous: null, next: { version: "1", intentId: "x" }, change: "installed" }),
  ).toBe("change: installed, version: 1");
  expect(event({ previous: "enforce", next: "paused" })).toBe("enforce → paused");
  expect(event({ remedy: "look", count: 2 })).toBe("remedy: look, count: 2");
  expect(event({})).toBe("");
  expect(
    eventText({ id: "1", type: "t", subject: "node/web-3", at: "", data: { nodeId: "web-3" } }),
  ).toBe("");
  expect(event({ text: "x".repeat(1_000) })).toHaveLength(400);
});

test("a node that is unlike most others is marked in what differs, and in words", () => {
  const differences = [
    {
      field: "packageDigest",
      values: [
        { value: "sha256-a1", nodes: ["web-1", "web-3"] },
        { value: null, nodes: ["web-2"] },
      ],
    },
  ] as const;
  const odd = (id: string) => [...oddPartsOf(rowWith({ nodeId: id as NodeId }), differences)];
  expect([odd("web-1"), odd("web-2")]).toEqual([[], ["packageDigest"]]);
  expect(differenceText(differences[0])).toBe("build: sha256-a1 on web-1, web-3; none on web-2");
});

test("a row says why, when it is tried again and which generation it acted on", () => {
  const failing = rowWith({
    converged: false,
    reason: { code: "hook_failed", message: "enable: refused" },
    lastError: "refused",
    attempts: 3,
    nextAttemptAt: at(4_200),
    observedGeneration: 3,
  });
  expect([reasonText(failing), attemptText(failing, now), generationText(failing)]).toEqual([
    "enable: refused (hook_failed)",
    "in 5 s after 3 attempts",
    "3 of 4",
  ]);
  expect([reasonText(rowWith()), attemptText(rowWith(), now), generationText(rowWith())]).toEqual([
    "as wanted",
    "",
    "4",
  ]);
  const silent = rowWith({ converged: false, observedGeneration: null });
  expect([reasonText(silent), attemptText(silent, now), generationText(silent)]).toEqual([
    "on its way",
    "none is planned",
    "none of 4",
  ]);
});

test("apps with problems come first where that is asked for", () => {
  const apps = [
    appWith({ id: "a" }),
    appWith({ id: "b", drifted: 1 }),
    appWith({ id: "c", drifted: 2 }),
  ];
  expect(sortedApps(apps, "problems").map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(sortedApps(apps, "id")).toBe(apps);
});

test("a pass says what it came to, and why it left nodes alone", () => {
  const pass = {
    at: at(0),
    node: "web-1",
    fence: 1,
    checked: 9,
    drifted: 0,
    repaired: 0,
    failed: 0,
    skipped: 0,
    because: null,
    opened: 0,
    closed: 0,
    reaped: 0,
    durationMs: 3,
  };
  expect(passText(pass)).toBe("all as wanted");
  expect(passText({ ...pass, drifted: 2, skipped: 2, because: "paused", opened: 1 })).toBe(
    "drifted: 2, skipped: 2, alerts opened: 1 (paused)",
  );
  expect(passText({ ...pass, reaped: 1 })).toBe("lost nodes forgotten: 1");
});

test("what came of reconciling is good where nothing is left to do", () => {
  const item = { appId: "a", nodeId: "web-1" } as const;
  expect(
    reconcileResults([
      { ...item, result: "repaired" },
      { ...item, result: "skipped", code: "converged", message: "as it should be" },
      { ...item, result: "skipped", code: "terminal" },
      { ...item, result: "failed", code: "node_silent" },
    ]).map(({ isGood, text }) => [isGood, text]),
  ).toEqual([
    [true, undefined],
    [true, "as it should be"],
    [false, "terminal"],
    [false, "node_silent"],
  ]);
});

test("a hold ends at the instant chosen by the cluster's clock, and names an owner only if given", () => {
  expect(holdOf({ forMs: "3600000", owner: "" }, now)).toEqual({ until: at(3_600_000) });
  expect(holdOf({ forMs: "", owner: "anna" }, now)).toEqual({ owner: "anna" });
});

test("a view says of a question of its own what went wrong", () => {
  const problem = (code: string) =>
    readFailure(
      { kind: "problem", problem: { status: 403, code, detail: "d", title: "t" } },
      "events",
    );
  expect(problem("FORBIDDEN")).toEqual({ title: "You may not see events", text: "d" });
  expect(problem("BACKEND_UNAVAILABLE").text).toContain("heals by itself");
  expect(problem("OTHER")).toEqual({ title: "t", text: "d" });
  expect(readFailure({ kind: "silent" }, "events").title).toBe("Events: no answer");
});

test("a payload is shown as it would be written", () => {
  expect(payloadText({ a: "<img>" })).toBe('{\n  "a": "<img>"\n}');
  expect(payloadText(undefined)).toBe("nothing");
});

test("what holds an app, or is under way with it, is told with its end", () => {
  const hold = { owner: "anna", by: "otto", reason: "move", at: at(0), until: at(3_600_000) };
  const told = (part: Partial<AppSummary>) =>
    stateFacts(appWith(part), now)
      .filter(([, text]) => text !== undefined)
      .map((fact) => fact.join(": "));
  expect(told({})).toEqual([]);
  expect(told({ paused: { ...hold, missed: true } })).toEqual([
    "Paused by: anna: move; ends in 1 h; a change waits for that",
  ]);
  expect(told({ acknowledged: { ...hold, causes: ["hook_failed"] } })).toEqual([
    "Drift acknowledged by: anna: move; ends in 1 h (hook_failed)",
  ]);
  const reason = { code: "x", message: "too old" };
  const rollout = { phase: "halted", nodes: ["web-1"], from: "1.0" } as const;
  expect(told({ rollout: { ...rollout, haltedBy: { nodeId: "web-1", reason } } })).toEqual([
    "Roll-out: halted by web-1: too old; the others keep 1.0",
  ]);
  expect(
    told({
      uninstall: {
        phase: "tearing-down",
        since: at(0),
        boundAt: at(600_000),
        waitingFor: [{ nodeId: "web-2", reason }],
      },
    }),
  ).toEqual(["Uninstall: tearing down; web-2: too old; waits for no node any more in 10 min"]);
});

const acts = (part: Partial<AppSummary>, refusal?: string) => {
  const { toggle, reconcile, more } = appActs(appWith(part), {
    refusal: () => refusal,
  } as unknown as Page);
  return [toggle, reconcile, ...more];
};

test("an app is offered what makes sense for it", () => {
  const labels = (part: Partial<AppSummary>) => acts(part).map(({ label }) => label.slice(0, -1));
  expect(labels({})).toEqual(["Disable", "Reconcile", "Pause", "Update", "Uninstall"]);
  const hold = { owner: "a", by: "a", reason: "x", at: at(0), until: at(1), missed: false };
  expect(
    labels({ desiredStatus: "disabled", paused: hold, drifted: 1, previousVersion: "0.9" }),
  ).toEqual([
    "Enable",
    "Reconcile",
    "Resume",
    "Acknowledge drift",
    "Update",
    "Roll back",
    "Uninstall",
  ]);
});

test("what the caller may not do says why, and what is uninstalled cannot be enabled", () => {
  expect(new Set(acts({}, "no").map(({ refusal }) => refusal))).toEqual(new Set(["no"]));
  const [enable] = acts({ desiredStatus: "uninstalled" });
  expect(enable?.refusal).toContain("install it anew");
});
