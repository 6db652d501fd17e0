/**
 * The one write of a batch of decisions. Numbered per claim and compared by hash: the last number
 * answers its first outcome again, everything else but the next is refused (I1, I2).
 */
import type { CommitAnswer, CommitRequest, ViewRows } from "../ports/shard-store.ts";
import type { ViewVersion } from "../ports/view-store.ts";
import type { ShardData } from "./cluster-data.ts";
import { durabilityOf, isShortOf } from "./durability.ts";
import { underClaim } from "./fence.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";
import { publishable } from "./publishable.ts";

/** Expired replies dropped by one commit. */
const expiredPerCommit = 128;
const logKept = 1_000;

// One character for each byte, all distinct: a key that compares as the bytes do.
const latin1 = new TextDecoder("latin1");
const bytesKey = (bytes: Uint8Array): string => latin1.decode(bytes);

const outKey = (message: { readonly target: number; readonly outId: string; readonly n: number }) =>
  `${message.target}:${message.n}:${message.outId}`;

const applyMail = (shard: ShardData, mail: NonNullable<CommitRequest["mail"]>): void => {
  for (const { id, record } of mail.partial) shard.partial.set(id, record);
  if (mail.handledUpTo !== undefined) {
    shard.mail.removeUpTo(mail.handledUpTo, (id) => shard.partial.delete(id));
  }
  for (const id of mail.handled) {
    shard.mail.remove(id);
    shard.partial.delete(id);
  }
  // Unreadable payloads do not tell how many messages they held: an empty mailbox sets it right.
  shard.pending = shard.mail.isEmpty ? 0 : Math.max(0, shard.pending - mail.count);
};

const applyOut = (shard: ShardData, out: NonNullable<CommitRequest["out"]>): void => {
  for (const message of out.add) {
    shard.out.set(outKey(message), message);
    if (message.outId !== shard.own.outId) continue;
    const last = shard.outNumbers.get(message.target) ?? 0;
    shard.outNumbers.set(message.target, Math.max(last, message.n));
  }
  for (const message of out.remove) shard.out.delete(outKey(message));
};

/** Keeps the newest records; lets go of older ones many at a time. */
const appendLog = (log: readonly Uint8Array[], added: readonly Uint8Array[]) => {
  const all = log as Uint8Array[];
  all.push(...added);
  return all.length > 2 * logKept ? all.slice(-logKept) : all;
};

const applyRows = (link: Link, shard: ShardData, changed: ViewRows): void => {
  const known = shard.views.get(changed.kind);
  // Numbers that a lost record has given are never given again: they begin at the time (I6).
  const view = known ?? { n: link.now, rows: new Map<string, Uint8Array>() };
  if (!known) shard.views.set(changed.kind, view);
  view.n += 1;
  for (const { id, row } of changed.rows) {
    if (row === "removed") view.rows.delete(id);
    else view.rows.set(id, row);
  }
};

/** Tells of the last commit; of one that too few replicas have, only that its outcome is unknown. */
const publishCommit = (
  link: Link,
  shard: ShardData,
  request: CommitRequest,
  isShort: boolean,
): void => {
  const { hub } = link.server;
  for (const { kind, rows } of isShort ? [] : (request.views ?? [])) {
    const version: ViewVersion = {
      historyId: link.historyOf(request.claim.shard),
      n: shard.views.get(kind)?.n ?? 0,
    };
    const topic = { topic: "view", kind } as const;
    hub.publish(channelOf(link.cluster, topic), () => ({
      ...topic,
      shard: request.claim.shard,
      version,
      ...publishable(rows),
    }));
  }
  for (const { node, payload: durable, ifShort } of request.replies ?? []) {
    const payload = isShort ? ifShort : durable;
    if (!payload) continue;
    const topic = { topic: "replies", node } as const;
    hub.publish(channelOf(link.cluster, topic), () => ({ topic: "replies", payload }));
  }
};

const apply = (link: Link, shard: ShardData, request: CommitRequest): void => {
  const { own } = shard;
  own.seq = request.seq;
  own.hash = request.hash;
  own.localEntry = undefined;
  own.localPrevious = undefined;
  for (const { key, state } of request.states ?? []) {
    if (state === "removed") shard.states.delete(key);
    else shard.states.set(key, state);
  }
  if (request.mail) applyMail(shard, request.mail);
  if (request.local) {
    own.localPrevious = shard.mail.lastId;
    own.localEntry = shard.mail.add(link.now, [request.local.payload]).id;
    shard.pending += request.local.count;
  }
  for (const member of request.timers?.remove ?? []) shard.timers.delete(bytesKey(member));
  for (const timer of request.timers?.set ?? []) shard.timers.set(bytesKey(timer.member), timer);
  if (request.out) applyOut(shard, request.out);
  for (const id of request.effects?.remove ?? []) shard.effects.delete(id);
  for (const { id, record } of request.effects?.put ?? []) shard.effects.set(id, record);
  for (const id of request.deferrals?.remove ?? []) shard.deferrals.delete(id);
  for (const { id, record } of request.deferrals?.put ?? []) shard.deferrals.set(id, record);
  if (request.idempotency) {
    for (const kept of request.idempotency.put) shard.replies.put(kept);
    shard.replies.expire(request.idempotency.expireBefore, expiredPerCommit);
  }
  for (const id of request.tries?.remove ?? []) shard.tries.delete(id);
  for (const { id, record } of request.tries?.put ?? []) shard.tries.set(id, record);
  if (request.dead) shard.dead.write(request.dead);
  if (request.closed) own.closed = request.closed;
  if (request.log) shard.log = appendLog(shard.log, request.log);
  for (const changed of request.views ?? []) applyRows(link, shard, changed);
};

const outcomeOf = (link: Link, shard: ShardData, request: CommitRequest): CommitAnswer => {
  const { localEntry, localPrevious } = shard.own;
  return {
    kind: "committed",
    ...(localEntry !== undefined && { localEntry }),
    ...(localPrevious !== undefined && { localPrevious }),
    ...(request.idempotency && { repliesKept: shard.replies.size }),
    ...durabilityOf(link),
  };
};

export const commitBatch = (link: Link, request: CommitRequest): CommitAnswer => {
  const fenced = underClaim(link, request.claim);
  if (fenced.kind !== "stands") return fenced;
  const { shard } = fenced;
  const { own } = shard;
  if (request.seq > own.seq + 1) return { kind: "gap", seq: own.seq };
  if (request.seq <= own.seq) {
    // Below the last number only a late copy can be; nobody waits for its answer.
    if (request.seq < own.seq || request.hash !== own.hash) return { kind: "conflict" };
    // What waited for replicas was not published at first.
    if (link.durability) publishCommit(link, shard, request, isShortOf(link));
    return outcomeOf(link, shard, request);
  }
  apply(link, shard, request);
  publishCommit(link, shard, request, isShortOf(link));
  return outcomeOf(link, shard, request);
};
