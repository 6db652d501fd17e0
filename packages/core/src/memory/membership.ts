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
import { judgePeers } from "./judge.ts";
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
    producerFloor: 0,
    members: new Map(),
    reaped: new Map(),
    lastBeatAt: 0,
    lastBeatHistory: link.historyId,
  };
  link.data.membership = made;
  for (let shard = 0; shard < request.shardCount; shard++) {
    if (!link.data.shards.has(shard)) link.data.shards.set(shard, emptyShard(link.server.newId()));
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
  const member: Member = { record, join: data.joins, flaps: 0, missingSince: 0, isVoid: false };
  data.members.set(request.nodeId, member);
  raise(link, data);
  return member;
};

const join = (link: Link, request: JoinRequest): JoinAnswer => {
  const data = link.data.membership ?? createCluster(link, request);
  if (data.shardCount !== request.shardCount) {
    return { kind: "mismatch", shardCount: data.shardCount };
  }
  const { now } = link;
  const former = data.members.get(request.nodeId);
  const repeated = former?.record.incarnation === request.incarnation && !former.isVoid;
  if (former && !repeated && isLive(former.record.state) && former.record.leaseUntil > now) {
    const { incarnation, leaseUntil } = former.record;
    return { kind: "taken", incarnation, waitMs: leaseUntil - now };
  }
  const member = former && repeated ? former : register(link, data, request, former);
  return {
    kind: "joined",
    datasetId: data.datasetId,
    historyId: link.historyId,
    shardCount: data.shardCount,
    join: member.join,
    cordoned: member.record.cordoned,
    version: data.version,
    now,
    created: data.createdBy === request.incarnation,
  };
};

/** Missing subscriptions prove something only to a node that is connected, and for a while. */
const probeOf = (link: Link, { nodeId, leaseMs }: HeartbeatRequest) => {
  const { restartedAt } = link.server;
  const settling = restartedAt !== "never" && link.now - restartedAt < leaseMs;
  const count = (node: NodeId) => link.server.aliveCount(link.cluster, node);
  return settling || count(nodeId) === 0 ? "unreliable" : count;
};

const heartbeat = (link: Link, request: HeartbeatRequest): HeartbeatAnswer => {
  const data = link.data.membership;
  if (!data) return { kind: "lost" };
  const member = data.members.get(request.nodeId);
  if (!member || member.record.state === "left") return { kind: "superseded", incarnation: "none" };
  const former = member.record;
  if (former.incarnation !== request.incarnation) {
    return { kind: "superseded", incarnation: former.incarnation };
  }
  if (member.isVoid) return { kind: "superseded", incarnation: "none" };
  const { now } = link;
  member.missingSince = 0;
  member.record = {
    ...former,
    state: request.state,
    leaseUntil: now + request.leaseMs,
    lastHeartbeatAt: now,
    stats: request.stats ?? former.stats,
  };
  const { changed, recheckMs } = judgePeers(data, {
    self: request.nodeId,
    now,
    historyId: link.historyId,
    leaseMs: request.leaseMs,
    confirmMs: request.confirmMs,
    probe: probeOf(link, request),
  });
  data.lastBeatAt = now;
  data.lastBeatHistory = link.historyId;
  if (changed || former.state !== request.state) raise(link, data);
  return {
    kind: "accepted",
    now,
    version: data.version,
    datasetId: data.datasetId,
    historyId: link.historyId,
    wasGone: isGone(former.state),
    flaps: member.flaps,
    cordoned: former.cordoned,
    ...(recheckMs !== undefined && { recheckMs }),
  };
};

/** Lowest join number of a node that may still append; it never falls. */
const producerFloor = (data: MembershipData): number => {
  let floor = data.joins + 1;
  for (const { record, join: number, isVoid } of data.members.values()) {
    if (record.state !== "left" && !isVoid) floor = Math.min(floor, number);
  }
  data.producerFloor = Math.max(data.producerFloor, floor);
  return data.producerFloor;
};

const leave = (
  link: Link,
  request: { readonly nodeId: NodeId; readonly incarnation: Incarnation },
): void => {
  const data = link.data.membership;
  const member = data?.members.get(request.nodeId);
  if (!data || member?.record.incarnation !== request.incarnation) return;
  if (member.record.state === "left") return;
  member.record = { ...member.record, state: "left" };
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
        nodes: data ? [...data.members.values()].map(({ record }) => record) : [],
        producerFloor: data ? producerFloor(data) : 0,
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
