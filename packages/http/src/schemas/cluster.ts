import { z } from "zod";
import { freshness, instant } from "./shared.ts";

const count = z.number().int().nonnegative();

export const clusterStatus = z.object({
  cluster: z.string(),
  nodeId: z.string(),
  verdict: z.enum(["healthy", "degraded", "down", "unknown"]),
  reasons: z.array(z.string()),
  nodes: z.object({ joining: count, up: count, draining: count, suspect: count, lost: count }),
  apps: z.object({ total: count, converged: count, drifted: count, terminal: count }),
  alerts: count,
  shards: z.object({ total: count, owned: count, unowned: count }),
  deadLetters: z.object({ unresolved: count, parked: count }),
  redis: z.object({
    mode: z.string(),
    role: z.string(),
    state: z.enum(["connected", "connecting", "closed"]),
    rttMs: z.number().optional(),
    findings: z.array(
      z.object({
        level: z.enum(["refuse", "alert", "warn"]),
        code: z.string(),
        message: z.string(),
        remedy: z.string(),
      }),
    ),
  }),
  asOf: instant,
  stale: z.boolean(),
});

export const node = z.object({
  id: z.string(),
  incarnation: z.string(),
  state: z.enum(["joining", "up", "draining", "suspect", "lost", "left"]),
  cordoned: z.boolean(),
  isLocal: z.boolean(),
  host: z.string(),
  pid: z.number().int(),
  version: z.string(),
  runtime: z.string(),
  url: z.string().nullable(),
  startedAt: instant,
  lastHeartbeatAt: instant,
  leaseAgeMs: z.number(),
  shards: count,
  weight: z.number(),
  loopLagMs: z.number(),
  memoryBytes: z.number(),
});

/** One node, with the instant its record is true for. */
export const nodeNow = node.extend(freshness);

export const shard = z.object({
  shard: count,
  owner: z.string().nullable(),
  epoch: z.number(),
  seq: count,
  pending: count,
});

const position = z.object({ epoch: z.number(), seq: count });

export const loss = z.object({
  id: z.string(),
  subject: z.string(),
  range: z.string(),
  remedy: z.string(),
  commits: z.object({ from: position, to: position }).nullable(),
  batches: count,
  foundAt: instant,
  foundBy: z.string(),
  expiresAt: instant,
  acknowledged: z.object({ by: z.string(), reason: z.string(), at: instant }).nullable(),
});
