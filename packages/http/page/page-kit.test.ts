/** Values that the tests of the page share, complete, so that a test names only what it is about. */
import type {
  AppRow,
  AppSummary,
  ClusterStatus,
  Incarnation,
  NodeId,
  NodeView,
} from "@muster/core";

export const now = Date.parse("2026-05-01T12:00:00.000Z");
export const at = (offsetMs: number): string => new Date(now + offsetMs).toISOString();

export const statusWith = (part: Partial<ClusterStatus> = {}): ClusterStatus => ({
  cluster: "shop",
  nodeId: "web-1",
  verdict: "healthy",
  reasons: [],
  nodes: { joining: 0, up: 3, draining: 0, suspect: 0, lost: 0 },
  apps: { total: 2, converged: 2, drifted: 0, terminal: 0 },
  alerts: 0,
  shards: { total: 64, owned: 64, unowned: 0 },
  deadLetters: { unresolved: 0, parked: 0 },
  redis: { mode: "redis", role: "primary", state: "connected", rttMs: 0.44, findings: [] },
  asOf: at(0),
  stale: false,
  ...part,
});

export const rowWith = (part: Partial<AppRow> = {}): AppRow => ({
  appId: "crm-sync",
  nodeId: "web-2" as NodeId,
  incarnation: "i-2" as Incarnation,
  nodeState: "up",
  isLocal: false,
  desiredStatus: "enabled",
  generation: 4,
  intentId: "intent-4",
  initStatus: "auto_enabled",
  observedGeneration: 4,
  observedIntentId: "intent-4",
  version: "1.4.0",
  packageDigest: "0123456789abcdef",
  settingsHash: "h",
  runtime: "bun 1.4.5",
  converged: true,
  reason: null,
  attempts: 0,
  nextAttemptAt: null,
  lastError: null,
  since: at(-60_000),
  reportedAt: at(-3_000),
  stale: false,
  ...part,
});

export const appWith = (part: Partial<AppSummary> = {}): AppSummary => ({
  id: "crm-sync",
  version: "1.4.0",
  desiredStatus: "enabled",
  generation: 4,
  intentId: "intent-4",
  management: "enforce",
  converged: true,
  drifted: 0,
  settingsHash: "h",
  hasLicence: false,
  changedBy: "ops",
  changedAt: at(-120_000),
  reason: "first use",
  ...part,
});

export const nodeWith = (part: Partial<NodeView> = {}): NodeView => ({
  id: "web-1",
  incarnation: "i-1",
  state: "up",
  cordoned: false,
  isLocal: true,
  host: "vm",
  pid: 1,
  version: "1.0.0",
  runtime: "bun 1.4.5",
  url: null,
  startedAt: at(-60_000),
  lastHeartbeatAt: at(-100),
  leaseAgeMs: 100,
  shards: 20,
  weight: 1,
  loopLagMs: 1,
  memoryBytes: 1,
  ...part,
});
