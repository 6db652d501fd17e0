/** Membership in memory: joins, heartbeats that judge all peers, cordons, counters. */
import type { Incarnation, NodeId } from "../model/ids.ts";
import { isGone, isLive, type NodeRecord } from "../model/node-record.ts";
import type {
  HeartbeatAnswer,
  HeartbeatRequest,
  JoinAnswer,
  JoinRequest,
  MembershipStore,
  ReapRequest,
} from "../ports/membership-store.ts";
import { emptyShard, type Member, type MembershipData } from "./cluster-data.ts";
import { forgetSource } from "./events.ts";
import { holdsRole } from "./guard.ts";
import { channelOf } from "./hub.ts";
import { judgePeers, withLastLease } from "./judge.ts";
import type { Link } from "./link.ts";
import { lossMarkOf } from "./loss-finding.ts";

/** Raises the membership version and tells everybody. */
const raise = (link: Link, data: MembershipData, version = data.version + 1): void => {
  data.version = version;
  const topic = { topic: "membership" } as const;
  link.server.hub.publish(channelOf(link.cluster, topic), () => ({ ...topic, version }));
};

/** Creates the cluster's data; each shard is created with it, so that an absent one means loss. */
const createCluster = (link: Link, request: JoinRequest): MembershipData => {
  const made: MembershipData = {
    datasetId: link.server.newId(),
    createdBy: request.incarnation,
    shardCount: request.shardCount,
    version: 0,
    joins: 0,
    members: new Map(),
    reaped: new Map(),
    lastBeat: undefined,
    probeFrom: 0,
  };
  link.data.membership = made;
  for (let shard = 0; shard < request.shardCount; shard++) {
    const left = link.data.shards.get(shard);
    // A record that outlived the cluster's own is kept.
    if (left) left.own.datasetId = made.datasetId;
    else link.data.shards.set(shard, emptyShard(link.server.newId(), made.datasetId));
  }
  return made;
};

const register = (
  link: Link,
  data: MembershipData,
  request: JoinRequest,
  former: Member | undefined,
): Member => {
  const { now } = link;
  // At least the time, so that numbers given before a loss of the counter are not given again.
  data.joins = Math.max(data.joins + 1, now);
  const record: NodeRecord = {
    id: request.nodeId,
    incarnation: request.incarnation,
    state: "joining",
    cordoned: former?.record.cordoned ?? false,
    leaseUntil: now + request.leaseMs,
    startedAt: now,
    lastHeartbeatAt: now,
    info: request.info,
    stats: { shards: 0, loopLagMs: 0, memoryBytes: 0 },
  };
  const isSame = former?.record.incarnation === request.incarnation;
  const member: Member = {
    record,
    join: data.joins,
    leaseMs: request.leaseMs,
    flaps: 0,
    missingSince: "present",
    deafUntil: isSame ? former.deafUntil : 0,
    goneAt: "here",
    isVoid: false,
  };
  data.members.set(request.nodeId, member);
  raise(link, data);
  return member;
};

/** The record by which a node has joined, or who holds its name. */
const memberOf = (
  link: Link,
  data: MembershipData,
  request: JoinRequest,
): Member | Extract<JoinAnswer, { kind: "taken" }> => {
  const { now } = link;
  const former = data.members.get(request.nodeId);
  if (!former) return register(link, data, request, former);
  const { incarnation, leaseUntil, state } = former.record;
  if (incarnation === request.incarnation) {
    // A repeat, or the late copy of a join: it registers nothing, and nobody who has left.
    if (state === "left") return former;
    if (isLive(state) && state !== "suspect") {
      former.record = { ...former.record, leaseUntil: now + request.leaseMs };
      return former;
    }
  } else if (isLive(state) && leaseUntil > now) {
    return { kind: "taken", incarnation, waitMs: leaseUntil - now };
  }
  return register(link, data, request, former);
};

const join = (link: Link, request: JoinRequest): JoinAnswer => {
  const data = link.data.membership ?? createCluster(link, request);
  if (data.shardCount !== request.shardCount) {
    return { kind: "mismatch", shardCount: data.shardCount };
  }
  const member = memberOf(link, data, request);
  if ("kind" in member) return member;
  return {
    kind: "joined",
    datasetId: data.datasetId,
    historyId: link.historyId,
    shardCount: data.shardCount,
    join: member.join,
    cordoned: member.record.cordoned,
    version: data.version,
    now: link.now,
    created: data.createdBy === request.incarnation,
  };
};

const heartbeat = (link: Link, request: HeartbeatRequest): HeartbeatAnswer => {
  const data = link.data.membership;
  if (!data) return { kind: "lost" };
  const member = data.members.get(request.nodeId);
  if (!member) return { kind: "superseded", incarnation: "none" };
  const { cordoned, incarnation, state } = member.record;
  if (incarnation !== request.incarnation) return { kind: "superseded", incarnation };
  if (state === "left" || member.isVoid) return { kind: "superseded", incarnation: "none" };
  const { now } = link;
  const { leaseMs } = request;
  // A beat is proof of life, whatever its subscription.
  member.missingSince = "present";
  const { changed, recheckMs } = judgePeers(data, {
    self: request.nodeId,
    now,
    historyId: link.historyId,
    leaseMs,
    confirmMs: request.confirmMs,
    probe: (record) => link.server.aliveCount(link.cluster, record.id, record.incarnation),
  });
  const wasGone = isGone(state);
  if (wasGone) member.deafUntil = now + leaseMs * 2 ** Math.min(5, member.flaps);
  member.goneAt = "here";
  member.record = {
    ...member.record,
    state: request.state,
    leaseUntil: now + leaseMs,
    lastHeartbeatAt: now,
    stats: request.stats ?? member.record.stats,
  };
  data.lastBeat = { at: now, historyId: link.historyId };
  if (changed || state !== request.state) raise(link, data);
  return {
    kind: "accepted",
    now,
    version: data.version,
    datasetId: data.datasetId,
    historyId: link.historyId,
    wasGone,
    flaps: member.flaps,
    cordoned,
    ...(recheckMs !== undefined && { recheckMs }),
  };
};

/** Lowest join number of a node that may still append. */
const producerFloor = ({ joins, members }: MembershipData): number => {
  let floor = joins + 1;
  for (const { isVoid, join: number, record } of members.values()) {
    if (record.state !== "left" && !isVoid) floor = Math.min(floor, number);
  }
  return floor;
};

const leave = (
  link: Link,
  request: { readonly nodeId: NodeId; readonly incarnation: Incarnation },
): void => {
  const data = link.data.membership;
  const member = data?.members.get(request.nodeId);
  if (!data || member?.record.incarnation !== request.incarnation) return;
  if (member.record.state === "left") return;
  member.record = { ...withLastLease(member), state: "left" };
  member.goneAt = link.now;
  raise(link, data);
};

const reap = (link: Link, request: ReapRequest): Awaited<ReturnType<MembershipStore["reap"]>> => {
  const { term, goneMs, ephemeralGoneMs, done } = request;
  const data = link.data.membership;
  if (!data || !holdsRole(link, term)) return { kind: "fenced" };
  for (const { id, incarnation } of done) {
    if (data.reaped.get(id)?.incarnation === incarnation) data.reaped.delete(id);
  }
  let changed = false;
  for (const [id, { record }] of data.members) {
    const { state, incarnation, lastHeartbeatAt, info } = record;
    if (state !== "lost" && state !== "left") continue;
    if (link.now - lastHeartbeatAt < (info.ephemeral ? ephemeralGoneMs : goneMs)) continue;
    data.members.delete(id);
    data.reaped.set(id, { id, incarnation, state });
    forgetSource(link.data.events, `node ${id}`);
    changed = true;
  }
  if (changed) raise(link, data);
  return { kind: "reaped", nodes: [...data.reaped.values()] };
};

export const memoryMembership = (link: Link): MembershipStore => ({
  join: (request) => link.call("join", () => join(link, request)),
  heartbeat: (request) => link.call("heartbeat", () => heartbeat(link, request)),
  list: () =>
    link.call("list", () => {
      const data = link.data.membership;
      return {
        version: data?.version ?? 0,
        now: link.now,
        historyId: link.historyId,
        nodes: data
          ? [...data.members.values()].map(({ record, flaps }) => ({ ...record, flaps }))
          : [],
        producerFloor: data ? producerFloor(data) : 1,
        lossMark: lossMarkOf(link.data.loss),
      };
    }),
  leave: (request) => link.call("leave", () => leave(link, request)),
  cordon: ({ nodeId, cordoned }) =>
    link.call("cordon", () => {
      const data = link.data.membership;
      const member = data?.members.get(nodeId);
      if (!data || !member) return { kind: "unknown-node" };
      if (member.record.cordoned !== cordoned) {
        member.record = { ...member.record, cordoned };
        raise(link, data);
      }
      return { kind: "set" };
    }),
  reap: (request) => link.call("reap", () => reap(link, request)),
  raiseVersion: ({ version }) =>
    link.call("raiseVersion", () => {
      const data = link.data.membership;
      if (!data) return { version };
      if (version >= data.version) raise(link, data, version + 1);
      return { version: data.version };
    }),
});
