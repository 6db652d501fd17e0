/**
 * One commit as flat keys and arguments of commit.lua. Most parts are plain write commands, grouped
 * by key; only what has an order or an answer of its own is said apart.
 */
import type { CommitRequest, EntryId } from "@muster/core/ports";
import type { Keys } from "./keys.ts";
import type { Argument } from "./link.ts";
import { outField } from "./mailbox-calls.ts";
import { toBuffer } from "./reply.ts";
import { type ChangedRow, packRows } from "./rows.ts";

type WriteCommand = "HSET" | "HDEL" | "ZADD" | "ZREM" | "XADD" | "XDEL";

/** Arguments of one write; a multiple of two, since some commands take pairs. */
const maxArguments = 4_000;
/** History records kept per shard. */
const logLength = "1000";

class Writes {
  readonly keys: string[];
  readonly args: Argument[] = [];
  count = 0;
  readonly #indexes = new Map<string, string>();

  constructor(fixed: readonly string[]) {
    this.keys = [...fixed];
    for (const [i, key] of fixed.entries()) this.#indexes.set(key, String(i + 1));
  }

  add(command: WriteCommand, key: string, values: readonly Argument[]): void {
    for (let from = 0; from < values.length; from += maxArguments) {
      const to = Math.min(from + maxArguments, values.length);
      this.args.push(command, this.index(key), String(to - from));
      for (let i = from; i < to; i++) this.args.push(values[i] as Argument);
      this.count += 1;
    }
  }

  /** Tells a key by its place among those of the call. */
  index(key: string): string {
    const known = this.#indexes.get(key);
    if (known) return known;
    const index = String(this.keys.push(key));
    this.#indexes.set(key, index);
    return index;
  }
}

/** The lowest id above an entry's. @throws RangeError when it is no entry id */
export const idAfter = (id: EntryId): string => {
  const [, ms, n] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
  if (ms === undefined || n === undefined)
    throw new RangeError(`"${id}" is no id of a mailbox entry.`);
  return `${ms}-${Number(n) + 1}`;
};

const score = (ms: number): string => {
  if (Number.isFinite(ms)) return String(ms);
  throw new RangeError(`${ms} is no time.`);
};

/** Adds puts and removals of one hash. */
const addRows = (writes: Writes, key: string, rows: readonly ChangedRow[]): void => {
  const put: Argument[] = [];
  const gone: Argument[] = [];
  for (const { name, row } of rows) {
    if (row === "removed") gone.push(name);
    else put.push(name, toBuffer(row));
  }
  writes.add("HSET", key, put);
  writes.add("HDEL", key, gone);
};

const letterArguments = (
  dead: CommitRequest["dead"],
  index: (key: "dead" | "deadb" | "deado" | "deadr") => string,
): readonly Argument[] => {
  if (!dead || dead.put.length + dead.resolve.length === 0) return ["0", "0", "0"];
  const { put, resolve, keep } = dead;
  return [
    ...[put.length, resolve.length, keep].map(String),
    ...(["dead", "deadb", "deado", "deadr"] as const).map(index),
    ...put.flatMap(({ id, at, head, body }) => [
      id,
      score(Math.floor(at)),
      toBuffer(head),
      toBuffer(body),
    ]),
    ...resolve.flatMap(({ id, head }) => [id, toBuffer(head)]),
  ];
};

/** With `isSilent` the script publishes nothing: the caller does, once it may. */
export const commitArguments = (
  keys: Keys,
  request: CommitRequest,
  time: string,
  isSilent = false,
): { readonly keys: readonly string[]; readonly args: readonly Argument[] } => {
  const { claim, mail, local, timers, out, effects, deferrals, idempotency, tries, log } = request;
  const k = keys.shard(claim.shard);
  const writes = new Writes([k.own, k.mail, k.part, k.idem, k.idemx, k.ver]);

  if (request.states) {
    addRows(
      writes,
      k.states,
      request.states.map(({ key, state }) => ({ name: key, row: state })),
    );
  }
  if (mail) {
    for (const id of mail.handled) idAfter(id);
    writes.add("XDEL", k.mail, mail.handled);
    writes.add("HDEL", k.part, mail.handled);
    writes.add(
      "HSET",
      k.part,
      mail.partial.flatMap(({ id, record }) => [id, toBuffer(record)]),
    );
  }
  if (timers) {
    writes.add("ZREM", k.due, timers.remove.map(toBuffer));
    writes.add(
      "ZADD",
      k.due,
      timers.set.flatMap(({ member, dueAt }) => [score(dueAt), toBuffer(member)]),
    );
  }
  if (out) {
    const last = new Map<number, number>();
    for (const { target, n } of out.add) last.set(target, Math.max(n, last.get(target) ?? 0));
    writes.add("HDEL", k.out, out.remove.map(outField));
    writes.add(
      "HSET",
      k.out,
      out.add.flatMap((message) => [outField(message), toBuffer(message.payload)]),
    );
    writes.add(
      "HSET",
      k.outn,
      [...last].flatMap(([target, n]) => [String(target), String(n)]),
    );
  }
  if (effects) {
    writes.add("HDEL", k.fx, effects.remove);
    writes.add(
      "HSET",
      k.fx,
      effects.put.flatMap(({ id, record }) => [id, toBuffer(record)]),
    );
  }
  if (deferrals) {
    writes.add("HDEL", k.asks, deferrals.remove);
    writes.add(
      "HSET",
      k.asks,
      deferrals.put.flatMap(({ id, record }) => [id, toBuffer(record)]),
    );
  }
  if (idempotency) {
    const { put } = idempotency;
    writes.add(
      "HSET",
      k.idem,
      put.flatMap(({ key, record }) => [key, toBuffer(record)]),
    );
    writes.add(
      "ZADD",
      k.idemx,
      put.flatMap(({ key, expiresAt }) => [score(expiresAt), key]),
    );
  }
  if (tries) {
    writes.add("HDEL", k.tries, tries.remove);
    writes.add(
      "HSET",
      k.tries,
      tries.put.flatMap(({ id, record }) => [id, toBuffer(record)]),
    );
  }
  if (request.closed) {
    const { closed } = request;
    writes.add("HSET", k.own, ["closed", closed.length > 0 ? JSON.stringify(closed) : ""]);
  }
  for (const record of log ?? []) {
    writes.add("XADD", k.log, ["MAXLEN", "~", logLength, "*", "r", toBuffer(record)]);
  }
  const views: Argument[] = [];
  for (const { kind, rows } of request.views ?? []) {
    const changed = rows.map(({ id, row }) => ({ name: id, row }));
    addRows(writes, k.view(kind), changed);
    if (isSilent) views.push(kind, "", "");
    else views.push(kind, keys.channels.view(kind, claim.shard), packRows(changed));
  }

  const letters = letterArguments(request.dead, (name) => writes.index(k[name]));
  const args: Argument[] = [
    claim.claimId,
    claim.historyId,
    String(request.seq),
    request.hash,
    String(mail?.count ?? 0),
    String(claim.shard),
    String(local?.count ?? 0),
    local ? toBuffer(local.payload) : "",
    mail?.handledUpTo === undefined ? "" : idAfter(mail.handledUpTo),
    idempotency ? score(idempotency.expireBefore) : "",
    String(writes.count),
  ];
  for (const arg of writes.args) args.push(arg);
  for (const arg of letters) args.push(arg);
  args.push(String(views.length / 3));
  for (const part of views) args.push(part);
  const replies = (!isSilent && request.replies) || [];
  args.push(String(replies.length));
  for (const { node, payload } of replies) {
    args.push(keys.channels.replies(node, claim.shard), toBuffer(payload));
  }
  args.push(time);
  return { keys: writes.keys, args };
};
