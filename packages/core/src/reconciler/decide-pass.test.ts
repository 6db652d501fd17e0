import { describe, expect, test } from "bun:test";
import { app, failed, row } from "../apps/app-row-kit.test.ts";
import type { AppRow, AppSummary } from "../apps/model.ts";
import { parseInstant } from "../model/instant.ts";
import type { NodeView } from "../services.ts";
import { decidePass, driftName, type PassFacts } from "./decide-pass.ts";
import type { AlertRow } from "./model.ts";

const changedAt = parseInstant("2026-05-01T12:00:00.000Z") ?? 0;
const minute = 60_000;

const facts = (nodes: readonly AppRow[], part: Partial<PassFacts> = {}): PassFacts => ({
  now: changedAt + 2 * minute,
  mode: "enforce",
  offSince: new Map(nodes.map((each) => [driftName(each), changedAt])),
  alertAfterMs: minute,
  forgetAfterMs: 1_440 * minute,
  rowCount: nodes.length,
  drifted: [{ ...app(), nodes }],
  nodes: [],
  alerts: [],
  ...part,
});
const drifting = (part: Partial<AppSummary>, nodes: readonly AppRow[]): Partial<PassFacts> => ({
  drifted: [{ ...app(part), nodes }],
});
/** A row without an attempt ahead. */
const idle = failed("web-2", { nextAttemptAt: null });

const alert = (part: Partial<AlertRow> = {}): AlertRow => ({
  id: "app-drift:crm:hook_failed",
  kind: "app-drift",
  subject: "crm",
  cause: "hook_failed",
  message: "x",
  remedy: "y",
  openedAt: changedAt,
  count: 1,
  ackedBy: null,
  ackReason: null,
  closedAt: null,
  ...part,
});

describe("who is nudged", () => {
  test.each([
    ["a node without an attempt ahead", idle, 1],
    ["not one that will try by itself", failed("web-2"), 0],
    ["not one that no retry mends", { ...idle, initStatus: "compiler_error_disabled" }, 0],
    [
      "one whose failure was another intent's",
      { ...idle, initStatus: "compiler_error_disabled", observedIntentId: "old" },
      1,
    ],
    ["not a suspect one", { ...idle, nodeState: "suspect" }, 0],
    ["not a lost one", { ...idle, nodeState: "lost" }, 0],
    ["not one that agrees", row("web-2"), 0],
  ] as const)("%s", (_, seen, count) => {
    expect(decidePass(facts([seen as AppRow])).nudges).toHaveLength(count);
  });

  test("nobody while it only observes or is paused, and nobody of an app that is only observed", () => {
    for (const mode of ["observe", "paused"] as const) {
      const plan = decidePass(facts([idle], { mode }));
      expect([plan.nudges, plan.drifted, plan.skipped]).toEqual([[], 1, 1]);
      expect(plan.open).toHaveLength(1);
    }
    const plan = decidePass(facts([], drifting({ management: "observe" }, [idle])));
    expect([plan.nudges, plan.drifted, plan.open]).toEqual([[], 0, []]);
  });
});

describe("alerts of drift", () => {
  test("open once drift has lasted, one for each cause, naming the nodes and what helps", () => {
    const rows = [
      failed("web-1"),
      failed("web-2"),
      failed("web-3", {
        initStatus: "invalid_settings_disabled",
        reason: { code: "settings_missing", message: "region" },
      }),
    ];
    expect(decidePass(facts(rows)).open).toEqual([
      {
        kind: "app-drift",
        subject: "crm",
        cause: "hook_failed",
        message: "crm is to be enabled, and is error_disabled on web-1, web-2: enable: no way.",
        remedy: expect.stringContaining("muster apps reconcile crm"),
      },
      expect.objectContaining({ cause: "settings_missing" }),
    ]);
    const young = facts(rows, { now: changedAt + minute - 1 });
    expect(decidePass(young).open).toEqual([]);
  });

  test("begin to count when the row was first seen off under its intent", () => {
    expect(decidePass(facts([failed("web-2")], { offSince: new Map() })).open).toEqual([]);
    const other = { ...failed("web-2"), intentId: "i4" };
    const facts3 = facts([failed("web-2")]);
    expect(decidePass({ ...facts3, drifted: [{ ...app(), nodes: [other] }] }).open).toEqual([]);
  });

  test("are opened once, told anew when other nodes join in, and opened again after a recovery", () => {
    const [about] = decidePass(facts([failed("web-2")])).open;
    const standing = alert({ ...about });
    expect(decidePass(facts([failed("web-2")], { alerts: [standing] })).open).toEqual([]);
    const more = decidePass(facts([failed("web-2"), failed("web-3")], { alerts: [standing] }));
    expect(more.open).toHaveLength(1);
    const closed = { ...standing, closedAt: changedAt };
    expect(decidePass(facts([failed("web-2")], { alerts: [closed] })).open).toHaveLength(1);
  });

  test("close when nothing is off for that cause any more, and not before drift has lasted again", () => {
    const other = failed("web-2", { reason: { code: "timeout", message: "" } });
    expect(decidePass(facts([other], { alerts: [alert()] })).close).toEqual([alert().id]);
    expect(decidePass(facts([failed("web-2")], { alerts: [alert()] })).close).toEqual([]);
    expect(decidePass(facts([], { drifted: [], alerts: [alert()] })).close).toEqual([alert().id]);
  });

  test("are forgotten a day after they closed", () => {
    const closedAt = changedAt - 1_440 * minute;
    const alerts = [alert({ closedAt }), alert({ id: "b", closedAt: changedAt })];
    expect(decidePass(facts([], { drifted: [], alerts })).forget).toEqual([alert().id]);
  });
});

test("a lost node is alarming until it is back or reaped", () => {
  const lost = { id: "web-3", state: "lost", lastHeartbeatAt: "then" } as NodeView;
  const { open } = decidePass(facts([], { drifted: [], nodes: [lost] }));
  expect(open.map(({ kind, subject, cause }) => [kind, subject, cause])).toEqual([
    ["node-lost", "web-3", "lost"],
  ]);
  const alerts = [alert({ ...open[0], id: "node-lost:web-3:lost" })];
  expect(decidePass(facts([], { drifted: [], nodes: [lost], alerts })).close).toEqual([]);
  expect(decidePass(facts([], { drifted: [], nodes: [], alerts })).close).toHaveLength(1);
});

describe("what somebody answers for", () => {
  const until = "2026-05-01T18:00:00.000Z";
  const hold = { owner: "rosa", by: "ops", reason: "we look at it", at: "then", until };
  const paused = { pausedUntil: until, paused: { ...hold, missed: false } };
  const acknowledged = { acknowledged: { ...hold, causes: ["hook_failed"] } };

  test("a paused app is neither nudged nor alarmed, and its alert closes", () => {
    const plan = decidePass(facts([], { ...drifting(paused, [idle]), alerts: [alert()] }));
    expect(plan).toMatchObject({ nudges: [], open: [], drifted: 1, skipped: 1 });
    expect(plan.close).toEqual([alert().id]);
  });

  test("acknowledged drift is no alarm and goes on being nudged", () => {
    const known = facts([idle], drifting(acknowledged, [idle]));
    expect(decidePass(known)).toMatchObject({ open: [], nudges: [{ nodeId: "web-2" }] });
    expect(decidePass({ ...known, alerts: [alert()] }).close).toEqual([alert().id]);
  });

  test("drift of another cause alarms", () => {
    const other = failed("web-3", { reason: { code: "hook_timeout", message: "slow" } });
    const rows = [idle, other];
    const { open } = decidePass(facts(rows, drifting(acknowledged, rows)));
    expect(open.map(({ cause }) => cause)).toEqual(["hook_timeout"]);
  });

  test("an attempt under way is no other cause: an open alert stands, and none is opened", () => {
    const trying = row("web-2", { initStatus: "constructed", converged: false });
    expect(decidePass(facts([trying]))).toMatchObject({ open: [], close: [] });
    expect(decidePass(facts([trying], { alerts: [alert()] })).close).toEqual([]);
    expect(decidePass(facts([trying], drifting(acknowledged, [trying]))).open).toEqual([]);
  });
});

describe("what is wrong with the cluster itself", () => {
  const about = {
    kind: "shard-unowned",
    subject: "shard-3",
    cause: "unowned",
    message: "shard 3 has no owner",
    remedy: "start a node",
  };
  const id = "shard-unowned:shard-3:unowned";
  const troubles = [{ about, afterMs: minute }];
  const lasting = (ms: number) => new Map([[id, changedAt + 2 * minute - ms]]);
  const standing = alert({ ...about, id });

  test("is alarming once it has lasted, and opened once", () => {
    const after = (ms: number, alerts: readonly AlertRow[] = []) =>
      decidePass(facts([], { troubles, offSince: lasting(ms), alerts })).open;
    expect(after(minute - 1)).toEqual([]);
    expect(after(minute)).toEqual([about]);
    expect(after(minute, [standing])).toEqual([]);
    expect(after(minute, [{ ...standing, closedAt: changedAt }])).toEqual([about]);
  });

  test("closes its alert when it is over, unless nobody could look", () => {
    const close = (part: Partial<PassFacts>) =>
      decidePass(facts([], { alerts: [standing], ...part })).close;
    expect(close({ troubles })).toEqual([]);
    expect(close({})).toEqual([id]);
    expect(close({ unseenKinds: new Set(["shard-unowned"]) })).toEqual([]);
  });
});
