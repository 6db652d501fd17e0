/**
 * What one heartbeat finds out about the peers: who is lost, who is suspect, whom to look at again.
 * A store that stalled, went back in time or began another history judges nobody.
 */
import type { HistoryId, NodeId, RedisMs } from "../model/ids.ts";
import { isGone, isLive, type NodeRecord } from "../model/node-record.ts";
import type { Member, MembershipData } from "./cluster-data.ts";

/** The incarnation of a node that is gone for this long is void: it has to join again. */
const voidAfterMs = 300_000;
/** Incarnations voided by one heartbeat. */
const voidedAtOnce = 16;

export interface JudgeFacts {
  readonly self: NodeId;
  readonly now: RedisMs;
  readonly historyId: HistoryId;
  readonly leaseMs: number;
  readonly confirmMs: number;
  /** Alive subscriptions of a node's present incarnation. */
  readonly probe: (node: NodeRecord) => number;
}

export interface Judgement {
  readonly changed: boolean;
  /** Time until a missing subscription may be believed; absent when none is missing. */
  readonly recheckMs: number | undefined;
}

const hasStalled = ({ lastBeat }: MembershipData, { historyId, leaseMs, now }: JudgeFacts) => {
  if (!lastBeat) return false;
  const silentMs = now - lastBeat.at;
  return silentMs < 0 || silentMs > leaseMs / 2 || lastBeat.historyId !== historyId;
};

/** Alive subscriptions may still be on their way back, so probes count again one lease later. */
const rebase = (data: MembershipData, { leaseMs, now }: JudgeFacts): void => {
  data.probeFrom = now + leaseMs;
  for (const member of data.members.values()) {
    member.missingSince = "present";
    if (!isLive(member.record.state)) continue;
    member.record = { ...member.record, leaseUntil: now + leaseMs };
  }
};

/** The lease of who has gone: the one that its last heartbeat gave it. */
export const withLastLease = ({ leaseMs, record }: Member): NodeRecord => ({
  ...record,
  leaseUntil: record.lastHeartbeatAt + leaseMs,
});

const markGone = (member: Member, state: "suspect" | "lost", now: RedisMs): void => {
  if (member.record.state !== "suspect") member.flaps += 1;
  member.missingSince = "present";
  member.record = { ...member.record, state };
  if (state === "suspect") return;
  member.record = withLastLease(member);
  member.goneAt = now;
};

/** Looks at one peer's alive subscription; answers the time left until it may be believed. */
const probeMember = (member: Member, facts: JudgeFacts): number | "suspect" | "fine" => {
  if (!isLive(member.record.state) || member.record.state === "suspect") return "fine";
  if (facts.probe(member.record) > 0) {
    member.missingSince = "present";
    return "fine";
  }
  // Hysteresis: whoever came back is for a while judged by its lease alone.
  if (member.deafUntil > facts.now) return "fine";
  if (member.missingSince === "present") member.missingSince = facts.now;
  const left = member.missingSince + facts.confirmMs - facts.now;
  return left > 0 ? left : "suspect";
};

const judgeByProbe = (data: MembershipData, facts: JudgeFacts): Judgement => {
  let changed = false;
  let recheckMs: number | undefined;
  for (const member of data.members.values()) {
    const seen = probeMember(member, facts);
    if (seen === "suspect") {
      markGone(member, "suspect", facts.now);
      changed = true;
    } else if (seen !== "fine") recheckMs = Math.min(recheckMs ?? seen, seen);
  }
  return { changed, recheckMs };
};

/** Whoever was judged gone itself, or has no subscription, tells nothing by the absence of others. */
const mayProbe = ({ members, probeFrom }: MembershipData, facts: JudgeFacts): boolean => {
  const self = members.get(facts.self)?.record;
  if (!self || isGone(self.state) || facts.now < probeFrom) return false;
  return facts.probe(self) > 0;
};

const judgeByLease = (data: MembershipData, { now, self }: JudgeFacts): boolean => {
  let changed = false;
  for (const [id, member] of data.members) {
    const { leaseUntil, state } = member.record;
    if (id === self || !isLive(state) || leaseUntil >= now) continue;
    markGone(member, "lost", now);
    changed = true;
  }
  return changed;
};

const voidGone = (data: MembershipData, { now, self }: JudgeFacts): boolean => {
  const gone = [...data.members].filter(
    ([id, { goneAt }]) => id !== self && goneAt !== "here" && goneAt <= now - voidAfterMs,
  );
  for (const [, member] of gone.slice(0, voidedAtOnce)) {
    member.isVoid = true;
    member.goneAt = "here";
  }
  return gone.length > 0;
};

/** Judges all peers and changes their records. */
export const judgePeers = (data: MembershipData, facts: JudgeFacts): Judgement => {
  let judgement: Judgement = { changed: false, recheckMs: undefined };
  if (hasStalled(data, facts)) rebase(data, facts);
  else {
    const lost = judgeByLease(data, facts);
    const probed = mayProbe(data, facts) ? judgeByProbe(data, facts) : judgement;
    judgement = { ...probed, changed: lost || probed.changed };
  }
  const voided = voidGone(data, facts);
  return { ...judgement, changed: judgement.changed || voided };
};
