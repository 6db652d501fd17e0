/**
 * What one heartbeat finds out about the peers: who is lost, who is suspect, whom to look at again.
 * A store that stalled, went back in time or began another history judges nobody.
 */
import type { HistoryId, NodeId, RedisMs } from "../model/ids.ts";
import { isLive } from "../model/node-record.ts";
import type { Member, MembershipData } from "./cluster-data.ts";

/** The incarnation of a node that is gone for this long is void: it has to join again. */
const voidAfterMs = 300_000;

export interface JudgeFacts {
  readonly self: NodeId;
  readonly now: RedisMs;
  readonly historyId: HistoryId;
  readonly leaseMs: number;
  readonly confirmMs: number;
  /** Alive subscriptions of a node; `unreliable` when missing ones prove nothing at present. */
  readonly probe: ((node: NodeId) => number) | "unreliable";
}

export interface Judgement {
  readonly changed: boolean;
  /** Time until a missing subscription may be believed; absent when none is missing. */
  readonly recheckMs: number | undefined;
}

const hasStalled = (data: MembershipData, facts: JudgeFacts): boolean => {
  const sinceLastBeat = facts.now - data.lastBeatAt;
  return (
    sinceLastBeat < 0 ||
    sinceLastBeat > facts.leaseMs / 2 ||
    data.lastBeatHistory !== facts.historyId
  );
};

const rebase = (data: MembershipData, facts: JudgeFacts): void => {
  for (const member of data.members.values()) {
    if (!isLive(member.record.state)) continue;
    member.missingSince = 0;
    member.record = { ...member.record, leaseUntil: facts.now + facts.leaseMs };
  }
};

const markGone = (member: Member, state: "suspect" | "lost"): void => {
  if (member.record.state !== "suspect") member.flaps += 1;
  member.missingSince = 0;
  member.record = { ...member.record, state };
};

/** Looks at one peer's alive subscription; answers the time left until it may be believed. */
const probeMember = (member: Member, facts: JudgeFacts): number | "suspect" | "fine" => {
  if (facts.probe === "unreliable" || member.record.state === "suspect") return "fine";
  if (facts.probe(member.record.id) > 0) {
    member.missingSince = 0;
    return "fine";
  }
  // Hysteresis: a node that was suspected wrongly before must be missing for longer.
  const confirmMs = facts.confirmMs * Math.min(1 + member.flaps, 8);
  if (member.missingSince === 0) {
    member.missingSince = facts.now;
    return confirmMs;
  }
  const left = member.missingSince + confirmMs - facts.now;
  return left > 0 ? left : "suspect";
};

/** Judges all peers and changes their records. */
export const judgePeers = (data: MembershipData, facts: JudgeFacts): Judgement => {
  if (hasStalled(data, facts)) {
    rebase(data, facts);
    return { changed: false, recheckMs: undefined };
  }
  let changed = false;
  let recheckMs: number | undefined;
  for (const [id, member] of data.members) {
    const { state, leaseUntil } = member.record;
    if (id === facts.self) continue;
    if (!isLive(state)) {
      if (!member.isVoid && facts.now - leaseUntil > voidAfterMs) {
        member.isVoid = true;
        changed = true;
      }
    } else if (leaseUntil < facts.now) {
      markGone(member, "lost");
      changed = true;
    } else {
      const seen = probeMember(member, facts);
      if (seen === "suspect") {
        markGone(member, "suspect");
        changed = true;
      } else if (seen !== "fine") {
        recheckMs = Math.min(recheckMs ?? seen, seen);
      }
    }
  }
  return { changed, recheckMs };
};
