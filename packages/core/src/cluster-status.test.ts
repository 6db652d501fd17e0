import { describe, expect, test } from "bun:test";
import { judgeCluster, type StatusFacts } from "./cluster-status.ts";
import type { Incarnation, NodeId } from "./model/ids.ts";
import type { NodeRecord } from "./model/node-record.ts";

const now = Date.parse("2026-05-01T12:00:00Z");
const node = (id: string, state: NodeRecord["state"], heardMsAgo = 0): NodeRecord => ({
  id: id as NodeId,
  incarnation: `${id}-run` as Incarnation,
  state,
  cordoned: false,
  leaseUntil: now + 1_000,
  startedAt: now - 60_000,
  lastHeartbeatAt: now - heardMsAgo,
  info: {
    host: "h",
    pid: 1,
    version: "1",
    runtime: "bun",
    weight: 1,
    ephemeral: false,
    kinds: [],
  },
  stats: { shards: 0, loopLagMs: 0, memoryBytes: 0 },
});
const well: StatusFacts = {
  cluster: "shop",
  nodeId: "web-1",
  now,
  silentMs: 40,
  away: false,
  viewsStale: false,
  nodes: [node("web-1", "up"), node("web-2", "up")],
  shardCount: 64,
  ownedShards: 64,
  apps: { total: 1, converged: 1, drifted: 0, terminal: 0 },
  alerts: 0,
  alarms: [],
  drift: [],
  deadLetters: { unresolved: 0, parked: 0 },
  losses: [],
  health: { mode: "redis", role: "primary", state: "connected", findings: [] },
};
const finding = { code: "C", message: "It is so.", remedy: "Do this." };

describe("the verdict", () => {
  test.each([
    ["healthy", "when nothing is wrong", {}, /^$/],
    [
      "degraded",
      "with a suspect node",
      { nodes: [node("web-2", "suspect", 2_500)] },
      /web-2 is suspect.*2\.5 s ago/,
    ],
    ["degraded", "with a lost node", { nodes: [node("web-2", "lost", 9_000)] }, /web-2 is lost/],
    ["degraded", "with a shard nobody owns", { ownedShards: 63 }, /1 shard of 64 without an owner/],
    [
      "degraded",
      "when failed messages wait for room among the dead letters",
      { deadLetters: { unresolved: 1_000, parked: 2 } },
      /dead letters are full: 2 failed messages wait/,
    ],
    ["degraded", "with an alarm", { alarms: ["node web-3 flaps"] }, /node web-3 flaps/],
    ["healthy", "with dead letters", { deadLetters: { unresolved: 7, parked: 0 } }, /^$/],
    ["degraded", "with a drifted app", { drift: ["app mailer drifted"] }, /app mailer drifted/],
    [
      "degraded",
      "under a standing alert of the backend",
      { health: { ...well.health, findings: [{ ...finding, level: "alert" }] } },
      /It is so\. Do this\./,
    ],
    [
      "healthy",
      "under a warning of the backend",
      { health: { ...well.health, findings: [{ ...finding, level: "warn" }] } },
      /^$/,
    ],
    ["down", "when no shard has an owner", { ownedShards: 0 }, /no shard has an owner/],
    ["unknown", "when the views may be out of date", { viewsStale: true }, /views of node web-1/],
    [
      "unknown",
      "when the backend is away",
      { away: true, silentMs: 3_000 },
      /node web-1 cannot reach redis.*3\.0 s old/,
    ],
    [
      "unknown",
      "rather than down when the backend is away",
      { away: true, ownedShards: 0 },
      /cannot reach/,
    ],
  ] as const)("is %s %s", (verdict, _, facts, reason) => {
    const judged = judgeCluster({ ...well, ...facts } as StatusFacts);
    expect(judged.verdict).toBe(verdict);
    expect(judged.reasons.join("\n")).toMatch(reason);
  });

  test("a finding is shown with the backend whatever its level", () => {
    const findings = [{ ...finding, level: "warn" as const }];
    const judged = judgeCluster({ ...well, health: { ...well.health, findings } });
    expect(judged.redis.findings).toEqual(findings);
  });

  test("what an unreachable backend last said is stale and as old as its last answer", () => {
    const judged = judgeCluster({ ...well, away: true, silentMs: 3_000 });
    expect(judged).toMatchObject({ stale: true, asOf: "2026-05-01T11:59:57.000Z" });
  });

  test("nodes that left in order are not counted", () => {
    const nodes = [node("web-1", "up"), node("web-2", "left"), node("web-3", "draining")];
    expect(judgeCluster({ ...well, nodes }).nodes).toEqual({
      joining: 0,
      up: 1,
      draining: 1,
      suspect: 0,
      lost: 0,
    });
  });
});
