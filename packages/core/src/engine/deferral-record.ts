/** An ask that a later turn answers, as stored with its actor's shard (I2, I8). */
import { decode, encode } from "../codec.ts";
import type { ActorKey, Incarnation, NodeId, RedisMs } from "../model/ids.ts";
import type { ReplyTo } from "../model/message.ts";

/** The idempotency key of a deferred ask: repeats join it, and its answer is kept under the key. */
export interface DeferredKey {
  readonly replyKey: string;
  readonly requestHash: number;
  readonly keepMs: number;
  /** Redis time until which repeats join, whoever still waits. */
  readonly until: RedisMs;
}

export interface DeferralRecord {
  readonly actor: ActorKey;
  readonly command: string;
  readonly waiters: readonly ReplyTo[];
  readonly key: DeferredKey | undefined;
}

/** Redis time from which nobody can want the answer any more. */
export const expiryOf = ({ waiters, key }: DeferralRecord): RedisMs =>
  waiters.reduce((latest, { deadlineAt }) => Math.max(latest, deadlineAt), key?.until ?? 0);

export const encodeDeferral = ({ actor, command, waiters, key }: DeferralRecord): Uint8Array =>
  encode([
    actor,
    command,
    waiters.map(({ node, incarnation, askId, deadlineAt }) => [
      node,
      incarnation,
      askId,
      deadlineAt,
    ]),
    key ? [key.replyKey, key.requestHash, key.keepMs, key.until] : null,
  ]);

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

const waiterOf = (packed: unknown): ReplyTo | undefined => {
  if (!Array.isArray(packed)) return undefined;
  const [node, incarnation, askId, deadlineAt] = packed;
  if (!isText(node) || !isText(incarnation)) return undefined;
  if (!isNumber(askId) || !isNumber(deadlineAt)) return undefined;
  return { node: node as NodeId, incarnation: incarnation as Incarnation, askId, deadlineAt };
};

const keyOf = (packed: unknown): DeferredKey | undefined => {
  if (!Array.isArray(packed)) return undefined;
  const [replyKey, requestHash, keepMs, until] = packed;
  return isText(replyKey) && isNumber(requestHash) && isNumber(keepMs) && isNumber(until)
    ? { replyKey, requestHash, keepMs, until }
    : undefined;
};

export const decodeDeferral = (bytes: Uint8Array): DeferralRecord | undefined => {
  const decoded = decode(bytes);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [actor, command, packed, packedKey] = decoded.value;
  if (!isText(actor) || !isText(command) || !Array.isArray(packed)) return undefined;
  const waiters = packed.map(waiterOf).filter((waiter) => waiter !== undefined);
  const key = keyOf(packedKey);
  if (waiters.length < packed.length || (packedKey !== null && !key)) return undefined;
  return { actor: actor as ActorKey, command, waiters, key };
};
