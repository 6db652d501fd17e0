/** The verdict on the cluster and the reasons for it, worst first. Pure. */
import { lossInWords, remedyOf } from "./engine/loss-text.ts";
import { isoInstant } from "./model/instant.ts";
import type { NodeRecord } from "./model/node-record.ts";
import type { BackendHealth } from "./ports/backend.ts";
import type { LossFinding } from "./ports/loss-store.ts";
import type { ClusterStatus, Verdict } from "./services.ts";
import { unknownKinds } from "./unknown-kinds.ts";

export interface StatusFacts {
  readonly cluster: string;
  readonly nodeId: string;
  readonly now: number;
  readonly silentMs: number;
  /** This node cannot reach the backend, or its views may be out of date. */
  readonly away: boolean;
  readonly viewsStale: boolean;
  readonly nodes: readonly NodeRecord[];
  readonly shardCount: number;
  /** Shards that a live owner holds. */
  readonly ownedShards: number;
  readonly apps: ClusterStatus["apps"];
  /** Open alerts. */
  readonly alerts: number;
  /** Sentences about those that nobody has acknowledged and of which nothing else here tells. */
  readonly alarms: readonly string[];
  readonly deadLetters: ClusterStatus["deadLetters"];
  /** Sentences about apps that drifted, worst first. */
  readonly drift: readonly string[];
  /** Open findings of lost data, those of shards in order. */
  readonly losses: readonly LossFinding[];
  readonly health: BackendHealth;
}

const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** Findings told one by one; the others are counted. */
const lossesTold = 8;

const lossReasons = (losses: readonly LossFinding[]): readonly string[] => {
  const told = losses.slice(0, lossesTold).map((finding) => {
    const found = `found ${isoInstant(finding.foundAt)} by ${finding.foundBy}`;
    const remedy = `${remedyOf(finding)}: muster losses ack ${finding.id}`;
    return `${lossInWords(finding)} (${found}); ${remedy}`;
  });
  const more = losses.length - told.length;
  if (more > 0) told.push(`data of ${plural(more, "more shard")} was lost: muster losses list`);
  return told;
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Judges: down, unknown, degraded, healthy — the first that holds. */
export const judgeCluster = (facts: StatusFacts): ClusterStatus => {
  const counts = { joining: 0, up: 0, draining: 0, suspect: 0, lost: 0 };
  for (const { state } of facts.nodes) if (state !== "left") counts[state] += 1;
  const unowned = facts.shardCount - facts.ownedShards;
  const degraded: string[] = [];
  for (const { id, state, lastHeartbeatAt } of facts.nodes) {
    if (state !== "suspect" && state !== "lost") continue;
    const age = seconds(Math.max(0, facts.now - lastHeartbeatAt));
    degraded.push(`node ${id} is ${state}: last heard ${age} ago`);
  }
  if (unowned > 0)
    degraded.push(`${plural(unowned, "shard")} of ${facts.shardCount} without an owner`);
  degraded.push(...unknownKinds(facts.nodes));
  degraded.push(...facts.drift);
  if (facts.deadLetters.parked > 0) {
    degraded.push(
      `dead letters are full: ${facts.deadLetters.parked} failed ${facts.deadLetters.parked === 1 ? "message waits" : "messages wait"} for room; replay or resolve some`,
    );
  }
  degraded.push(...lossReasons(facts.losses));
  for (const { level, message, remedy } of facts.health.findings)
    if (level !== "warn") degraded.push(`${message} ${remedy}`);
  degraded.push(...facts.alarms);
  let verdict: Verdict = degraded.length > 0 ? "degraded" : "healthy";
  const reasons: string[] = [];
  if (facts.away) {
    verdict = "unknown";
    reasons.push(
      `node ${facts.nodeId} cannot reach ${facts.health.mode} (${facts.health.state}); what it shows is ${seconds(facts.silentMs)} old`,
    );
  } else if (facts.ownedShards === 0) {
    verdict = "down";
    reasons.push("no shard has an owner: no change can be made");
  } else if (facts.viewsStale) {
    verdict = "unknown";
    reasons.push(`the views of node ${facts.nodeId} may be out of date`);
  }
  const { mode, role, state, rttMs, findings } = facts.health;
  return {
    cluster: facts.cluster,
    nodeId: facts.nodeId,
    verdict,
    reasons: [...reasons, ...degraded],
    nodes: counts,
    apps: facts.apps,
    alerts: facts.alerts,
    shards: { total: facts.shardCount, owned: facts.ownedShards, unowned },
    deadLetters: {
      unresolved: facts.deadLetters.unresolved,
      parked: facts.deadLetters.parked,
    },
    redis: { mode, role, state, findings, ...(rttMs !== undefined && { rttMs }) },
    asOf: isoInstant(facts.away ? facts.now - facts.silentMs : facts.now),
    stale: facts.away || facts.viewsStale,
  };
};
