/**
 * The bytes of messages, replies, timers and effects. Everything that comes from a store is checked
 * here before it is believed (I8).
 */
import { decode, encode } from "../codec.ts";
import type { ActorKey, Incarnation, NodeId, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Position } from "../model/position.ts";
import { type EffectPolicy, packPolicy, unpackPolicy } from "./effect-policy.ts";

export const formatVersion = 1;

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

/**
 * One message as an array; absent trailing parts are left out. A command is told by name, or by its
 * number among the routes of its batch.
 */
export const packMessage = (m: Message, route: readonly [string, string] | number): unknown[] => {
  const packed: unknown[] = [route, m.id, m.input, m.sentAt, m.depth];
  const reply = m.replyTo;
  // Node and incarnation are those of the batch: a node asks in its own name only.
  if (reply) packed[5] = [reply.askId, reply.deadlineAt - m.sentAt];
  if (m.idempotencyKey !== undefined) packed[6] = [m.idempotencyKey, m.keepKeyMs ?? 0];
  if (m.principal !== undefined) packed[7] = m.principal;
  if (m.effectId !== undefined) packed[8] = m.effectId;
  if (m.chain) packed[9] = m.chain;
  if (m.tried) packed[10] = m.tried;
  for (let i = 5; i < packed.length; i++) packed[i] ??= null;
  return packed;
};

/** Encodes one message; the result is counted against the message bound. */
export const encodeMessage = (message: Message): Uint8Array =>
  encode(packMessage(message, [message.kind, message.command]));

/** The process that a batch of asks comes from, and to which the answers go. */
export interface Origin {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

/** Puts a head before messages that are encoded one after another. */
export const joinBatch = (
  head: readonly unknown[],
  messages: readonly Uint8Array[],
  count: number,
): Uint8Array => {
  const first = encode(head);
  let size = 5 + first.byteLength;
  for (const message of messages) size += message.byteLength;
  const bytes = new Uint8Array(size);
  // msgpack array 32: the head and the messages stand in one array
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count + 1);
  bytes.set(first, 5);
  let at = 5 + first.byteLength;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.byteLength;
  }
  return bytes;
};

/** Joins encoded messages of one sender into the payload of one append. */
export const encodeBatch = (
  sender: string,
  messages: readonly Uint8Array[],
  origin?: Origin,
): Uint8Array =>
  joinBatch(
    origin ? [formatVersion, sender, origin.node, origin.incarnation] : [formatVersion, sender],
    messages,
    messages.length,
  );

const chainOf = (packed: unknown): readonly string[] | undefined =>
  Array.isArray(packed) && packed.every(isText) ? packed : undefined;

const unpackMessage = (
  packed: unknown,
  sender: string,
  routes: unknown,
  origin: Origin | undefined,
): Message | undefined => {
  if (!Array.isArray(packed)) return undefined;
  const named: unknown = packed[0];
  const at = isNumber(named) ? 2 * named : 0;
  const route: unknown = isNumber(named) ? routes : named;
  if (!Array.isArray(route)) return undefined;
  const kind: unknown = route[at];
  const command: unknown = route[at + 1];
  const [, id, input, sentAt, depth, reply, key, principal, effectId, chain, tried] = packed;
  if (!isText(kind) || !isText(id) || !isText(command)) return undefined;
  if (!isNumber(sentAt) || !isNumber(depth)) return undefined;
  const message: { -readonly [K in keyof Message]: Message[K] } = {
    kind,
    id,
    command,
    input,
    sender,
    sentAt,
    depth,
  };
  if (Array.isArray(reply)) {
    const [askId, timeoutMs] = reply;
    if (!origin || !isNumber(askId) || !isNumber(timeoutMs)) return undefined;
    const { node, incarnation } = origin;
    message.replyTo = { node, incarnation, askId, deadlineAt: sentAt + timeoutMs };
  }
  if (Array.isArray(key) && isText(key[0])) {
    message.idempotencyKey = key[0];
    if (isNumber(key[1]) && key[1] > 0) message.keepKeyMs = key[1];
  }
  if (isText(principal)) message.principal = principal;
  if (isText(effectId)) message.effectId = effectId;
  const known = chainOf(chain);
  if (known) message.chain = known;
  if (Array.isArray(tried) && isNumber(tried[0]) && isNumber(tried[1])) {
    message.tried = [tried[0], tried[1]];
  }
  return message;
};

/** Decodes what {@link encodeMessage} encoded; `undefined` when it cannot be understood. */
export const decodeMessage = (bytes: Uint8Array, sender: string): Message | undefined => {
  const decoded = decode(bytes);
  return decoded.kind === "corrupt"
    ? undefined
    : unpackMessage(decoded.value, sender, undefined, undefined);
};

export type DecodedBatch =
  | { readonly kind: "batch"; readonly messages: readonly (Message | undefined)[] }
  | { readonly kind: "corrupt"; readonly error: string };

/** Decodes a payload; a message that cannot be understood is `undefined` in its place. */
export const decodeBatch = (payload: Uint8Array): DecodedBatch => {
  const decoded = decode(payload);
  if (decoded.kind === "corrupt") return decoded;
  const batch = decoded.value;
  const head: unknown = Array.isArray(batch) ? batch[0] : undefined;
  if (!Array.isArray(batch) || !Array.isArray(head) || !isText(head[1])) {
    return { kind: "corrupt", error: "not a batch of messages" };
  }
  if (head[0] !== formatVersion) {
    return { kind: "corrupt", error: `format ${String(head[0])} is not known here` };
  }
  const [, sender, node, incarnation, routes] = head;
  const origin: Origin | undefined =
    isText(node) && isText(incarnation)
      ? { node: node as NodeId, incarnation: incarnation as Incarnation }
      : undefined;
  const messages: (Message | undefined)[] = [];
  for (let i = 1; i < batch.length; i++) {
    messages.push(unpackMessage(batch[i], sender, routes, origin));
  }
  return { kind: "batch", messages };
};

/** How an ask ended: with a value, a declared refusal, or an error. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refusal"; readonly refusal: string }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly message: string;
      readonly fieldErrors?: Readonly<Record<string, string>>;
    };

export const packOutcome = (outcome: Outcome): unknown[] =>
  outcome.kind === "value"
    ? outcome.value === undefined
      ? [0]
      : [0, outcome.value]
    : outcome.kind === "refusal"
      ? [1, outcome.refusal]
      : [2, outcome.code, outcome.message, outcome.fieldErrors ?? null];

export const unpackOutcome = (packed: unknown): Outcome | undefined => {
  if (!Array.isArray(packed)) return undefined;
  const [tag, a, b, c] = packed;
  if (tag === 0) return { kind: "value", value: packed.length > 1 ? a : undefined };
  if (tag === 1 && isText(a)) return { kind: "refusal", refusal: a };
  if (tag === 2 && isText(a) && isText(b)) {
    const fields = c && typeof c === "object" ? (c as Record<string, string>) : undefined;
    return { kind: "error", code: a, message: b, ...(fields && { fieldErrors: fields }) };
  }
  return undefined;
};

/** The commit that an answer came with: whoever gets the answer knows that it was accepted. */
export interface CommitMark {
  readonly shard: ShardId;
  readonly at: Position;
}

/** All answers of one commit to one node, gathered by the incarnation that asked, behind its mark. */
export const encodeReplies = (
  { shard, at }: CommitMark,
  replies: readonly {
    readonly incarnation: Incarnation;
    readonly askId: number;
    readonly outcome: Outcome;
  }[],
): Uint8Array => {
  const groups: unknown[][] = [[null, shard, at.epoch, at.seq]];
  let group: unknown[] = [];
  for (const { incarnation, askId, outcome } of replies) {
    if (group[0] !== incarnation) {
      group = [incarnation];
      groups.push(group);
    }
    group.push(askId, packOutcome(outcome));
  }
  return encode(groups);
};

const markOf = ([tag, shard, epoch, seq]: readonly unknown[]): CommitMark | undefined =>
  tag === null && isNumber(shard) && isNumber(epoch) && isNumber(seq)
    ? { shard, at: { epoch, seq } }
    : undefined;

export interface DecodedReplies {
  readonly mark: CommitMark | undefined;
  readonly replies: readonly { readonly askId: number; readonly outcome: Outcome }[];
}

/** The answers to this incarnation; those to a former one are nobody's any more. */
export const decodeReplies = (payload: Uint8Array, incarnation: Incarnation): DecodedReplies => {
  const decoded = decode(payload);
  const replies: { askId: number; outcome: Outcome }[] = [];
  let mark: CommitMark | undefined;
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return { mark, replies };
  for (const group of decoded.value) {
    if (!Array.isArray(group)) continue;
    mark ??= markOf(group);
    if (group[0] !== incarnation) continue;
    for (let i = 1; i + 1 < group.length; i += 2) {
      const askId: unknown = group[i];
      const outcome = unpackOutcome(group[i + 1]);
      if (isNumber(askId) && outcome) replies.push({ askId, outcome });
    }
  }
  return { mark, replies };
};

/** A timer as stored: what is told to which actor when it is due. */
export interface TimerRecord {
  readonly actor: ActorKey;
  readonly name: string;
  readonly command: string;
  readonly input: unknown;
}
export const encodeTimer = (t: TimerRecord): Uint8Array =>
  encode([t.actor, t.name, t.command, t.input]);
export const decodeTimer = (member: Uint8Array): TimerRecord | undefined => {
  const decoded = decode(member);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [actor, name, command, input] = decoded.value;
  return isText(actor) && isText(name) && isText(command)
    ? { actor: actor as ActorKey, name, command, input }
    : undefined;
};

/** An effect as stored. */
export interface EffectRecord {
  readonly actor: ActorKey;
  readonly effect: string;
  readonly id: string;
  readonly input: unknown;
  /** Attempts that have failed. */
  readonly attempts: number;
  /** Redis time before which no attempt starts. */
  readonly notBefore: number;
  /** Set before an `interrupt` effect starts. */
  readonly started: boolean;
  /** History under which it was recorded. */
  readonly historyId: string;
  /** Epoch of the claim under which it was recorded. */
  readonly epoch: number;
  readonly principal: string | undefined;
  /** Hops since the command came from outside. */
  readonly depth: number;
  /** Actors that wait for its outcome. */
  readonly chain: readonly string[] | undefined;
  /** Absent from a record of a version that did not store it. */
  readonly policy: EffectPolicy | undefined;
}
export const encodeEffect = (e: EffectRecord): Uint8Array =>
  encode([
    e.actor,
    e.effect,
    e.id,
    e.input,
    e.attempts,
    e.notBefore,
    e.started,
    e.historyId,
    e.principal ?? null,
    e.depth,
    e.chain ?? null,
    e.policy ? packPolicy(e.policy) : null,
    e.epoch,
  ]);
export const decodeEffect = (bytes: Uint8Array): EffectRecord | undefined => {
  const decoded = decode(bytes);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [actor, effect, id, input, attempts, notBefore, started, historyId, ...rest] =
    decoded.value;
  const [principal, depth, chain, policy, epoch] = rest;
  if (!isText(actor) || !isText(effect) || !isText(id) || !isText(historyId)) return undefined;
  if (!isNumber(attempts) || !isNumber(notBefore)) return undefined;
  return {
    actor: actor as ActorKey,
    effect,
    id,
    input,
    attempts,
    notBefore,
    started: started === true,
    historyId,
    epoch: isNumber(epoch) ? epoch : 0,
    principal: isText(principal) ? principal : undefined,
    depth: isNumber(depth) ? depth : 0,
    chain: chainOf(chain),
    policy: unpackPolicy(policy),
  };
};

/** A reply kept for its idempotency key. */
export interface KeptReply {
  readonly requestHash: number;
  readonly outcome: Outcome;
  readonly expiresAt: number;
}
export const encodeKeptReply = (reply: KeptReply): Uint8Array =>
  encode([reply.requestHash, packOutcome(reply.outcome), reply.expiresAt]);
export const decodeKeptReply = (bytes: Uint8Array): KeptReply | undefined => {
  const decoded = decode(bytes);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [requestHash, packed, expiresAt] = decoded.value;
  const outcome = unpackOutcome(packed);
  return isNumber(requestHash) && isNumber(expiresAt) && outcome
    ? { requestHash, outcome, expiresAt }
    : undefined;
};
