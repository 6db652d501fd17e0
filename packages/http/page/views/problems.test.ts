import { expect, test } from "bun:test";
import type { Alert, DataLoss, NodeId } from "@muster/core";
import { appWith, at, nodeWith, now, rowWith, statusWith } from "../page-kit.test.ts";
import { problemsOf } from "./problems.ts";

const alertWith = (part: Partial<Alert> = {}): Alert => ({
  id: "app-drift:crm-sync:hook_failed",
  kind: "app-drift",
  subject: "crm-sync",
  cause: "hook_failed",
  message: "crm-sync has drifted",
  remedy: "look at the hook",
  openedAt: at(-30_000),
  count: 1,
  ackedBy: null,
  ackReason: null,
  closedAt: null,
  ...part,
});
const off = (nodeId: string, message: string) =>
  rowWith({
    nodeId: nodeId as NodeId,
    converged: false,
    initStatus: "error_disabled",
    reason: { code: "hook_failed", message },
    since: at(-90_000),
  });
const facts = (part: object = {}) => ({
  status: statusWith(),
  nodes: [nodeWith()],
  alerts: [],
  ...part,
});

test("a well cluster has none", () => {
  expect(problemsOf(facts(), [], [], now)).toEqual([]);
});

test("an app that drifts is told once, with since when, the reason most nodes give, and its alert", () => {
  const app = appWith({
    converged: false,
    drifted: 3,
    nodes: [off("web-1", "no route"), off("web-2", "no route"), off("web-3", "asleep"), rowWith()],
  });
  const [problem, ...others] = problemsOf(facts({ alerts: [alertWith()] }), [app], [], now);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({
    title: "crm-sync: 3 nodes are not as wanted",
    state: "error disabled",
    when: "for 1 min",
    to: { app: "crm-sync" },
    alert: { id: "app-drift:crm-sync:hook_failed" },
  });
  expect(problem?.lines.slice(0, 2)).toEqual([
    "web-1, web-2: no route",
    "alert since 30 s ago: look at the hook",
  ]);
});

test("shards without an owner come first, then nodes, apps, other alerts, Redis and dead letters", () => {
  const sick = facts({
    status: statusWith({
      shards: { total: 64, owned: 60, unowned: 4 },
      deadLetters: { unresolved: 2, parked: 0 },
      redis: {
        mode: "redis",
        role: "primary",
        state: "connected",
        findings: [
          { level: "alert", code: "eviction", message: "Redis evicts", remedy: "noeviction" },
          { level: "warn", code: "aof", message: "no AOF", remedy: "appendonly yes" },
        ],
      },
    }),
    nodes: [nodeWith({ id: "web-9", state: "lost", lastHeartbeatAt: at(-3_600_000) })],
    alerts: [
      alertWith({ id: "x:y:z", kind: "other", subject: "y", message: "something else" }),
      alertWith({ id: "n", kind: "node-lost", subject: "web-9", message: "web-9 is lost" }),
      alertWith({ closedAt: at(-1_000) }),
    ],
  });
  const app = appWith({ id: "mailer", drifted: 1, nodes: [off("web-1", "x")] });
  expect(
    problemsOf(sick, [app], [], now).map(({ title, when }) => `${title} ${when}`.trim()),
  ).toEqual([
    "4 of 64 shards have no owner",
    "web-9 is lost for 1 h",
    "mailer: 1 node is not as wanted for 1 min",
    "something else for 30 s",
    "Redis evicts",
    "2 dead letters are unresolved",
  ]);
});

test("data that was lost comes before all else, until somebody has acknowledged it", () => {
  const loss: DataLoss = {
    id: "l-1",
    subject: "shard-3",
    range: "the last 4 commits",
    remedy: "restore it",
    commits: null,
    batches: 0,
    foundAt: at(-60_000),
    foundBy: "web-1",
    expiresAt: at(60_000),
    acknowledged: null,
  };
  const seen = { ...loss, id: "l-2", acknowledged: { by: "a", reason: "b", at: at(0) } };
  const found = problemsOf(facts(), [appWith({ drifted: 1 })], [loss, seen], now);
  expect(found.map(({ key }) => key)).toEqual(["loss l-1", "app crm-sync"]);
  expect(found[0]).toMatchObject({
    title: "shard-3 has lost data",
    when: "found 1 min ago by web-1",
    lines: ["the last 4 commits", "restore it"],
  });
});

test("an alert that somebody took note of says who", () => {
  const acked = alertWith({ kind: "other", ackedBy: "anna", ackReason: "known" });
  expect(problemsOf(facts({ alerts: [acked] }), [], [], now)[0]?.lines).toContain(
    "anna took note: known",
  );
});

test("what somebody answers for comes last, and says who and until when", () => {
  const hold = { owner: "anna", by: "anna", reason: "move", at: at(0), until: at(3_600_000) };
  const held = appWith({ id: "a", drifted: 1, paused: { ...hold, missed: false } });
  const told = problemsOf(facts(), [held, appWith({ id: "b", drifted: 1 })], [], now);
  expect(told.map(({ key, state }) => [key, state])).toEqual([
    ["app b", "drift"],
    ["app a", "paused"],
  ]);
  expect(told[1]?.lines).toContain("paused by anna: move; ends in 1 h");
});

test("an alert about what is told by itself is not told twice", () => {
  const alerts = [
    alertWith({ id: "a", kind: "shard-unowned", subject: "shard-3", remedy: "start a node" }),
    alertWith({ id: "b", kind: "backend", subject: "redis", cause: "eviction" }),
    alertWith({ id: "c", kind: "mailbox-old", subject: "shard-4", message: "a message waits" }),
  ];
  const status = statusWith({
    shards: { total: 64, owned: 63, unowned: 1 },
    redis: {
      mode: "redis",
      role: "primary",
      state: "connected",
      findings: [{ level: "alert", code: "EVICTION", message: "it evicts", remedy: "noeviction" }],
    },
  });
  const found = problemsOf(facts({ status, alerts }), [], [], now);
  expect(found.map(({ title }) => title)).toEqual([
    "1 of 64 shards have no owner",
    "a message waits",
    "it evicts",
  ]);
  expect(found[0]?.lines).toEqual(["start a node"]);
});
