import type { Incarnation, NodeId, RedisMs } from "./ids.ts";

/** Where the answer to an ask goes. */
export interface ReplyTo {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  /** Number of the ask within the asking incarnation. */
  readonly askId: number;
  /** Redis time after which the command is dropped as not applied, if its turn has not begun. */
  readonly deadlineAt: RedisMs;
}

/** One command on its way to an actor. The input is decoded but not yet validated. */
export interface Message {
  readonly kind: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  /** Who sent it: a node (`node:web-1`), an actor (`actor:kind/id`), a timer or an effect. */
  readonly sender: string;
  readonly replyTo?: ReplyTo;
  readonly idempotencyKey?: string;
  /** How long the reply is kept for the key, in milliseconds. */
  readonly keepKeyMs?: number;
  /** Name of the principal on whose behalf it is sent. */
  readonly principal?: string;
  /** Hops since the command came from outside, for the cap on call chains. */
  readonly depth: number;
  readonly sentAt: RedisMs;
  /** Set on the outcome of an effect: handled only while that effect is still recorded. */
  readonly effectId?: string;
  /** Actors that wait for what this command is part of, each with the ask it has deferred. */
  readonly chain?: readonly string[];
  /** Attempts that failed before it was handed on, and the Redis time of the first. */
  readonly tried?: readonly [attempts: number, firstAt: RedisMs];
}
