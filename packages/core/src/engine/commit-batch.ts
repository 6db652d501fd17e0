/**
 * Collects what a batch of turns decided into one commit. Later entries about the same thing
 * replace earlier ones, so that the write holds only the last state of each.
 */
import { encode } from "../codec.ts";
import type {
  ActorKey,
  EntryId,
  Epoch,
  Incarnation,
  NodeId,
  RedisMs,
  ShardId,
} from "../model/ids.ts";
import type { Claim, CommitRequest, OutMessage } from "../ports/shard-store.ts";
import { type CommitMark, encodeBatch, encodeReplies, type Outcome, packOutcome } from "./wire.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What becomes of a batch once its commit was answered. */
export interface Settlement {
  /** The turns are in the state. */
  applied(): void;
  /** They are, and may be lost with the primary; without it they count as applied. */
  short?(): void;
  /** They are not, and nobody else can have seen them: run them elsewhere. */
  notApplied(): void;
  /** Nobody can tell. */
  unknown(): void;
}

/** Thrown while a batch is cut: something of this actor cannot be written, and no turn noticed. */
export class Unwritable extends Error {
  readonly key: ActorKey;
  constructor(key: ActorKey, why: string) {
    super(`${key}: ${why}`);
    this.key = key;
  }
}

interface Reply {
  readonly key: ActorKey;
  readonly incarnation: Incarnation;
  readonly askId: number;
  readonly outcome: Outcome;
  /** Nothing was changed for it, so that nothing can be lost. */
  readonly isRead: boolean;
}

/** Packs the replies to one node. @throws Unwritable naming the actor of one that does not fit */
const packReplies = (mark: CommitMark, replies: readonly Reply[], maxBytes: number): Uint8Array => {
  try {
    const payload = encodeReplies(mark, replies);
    if (payload.byteLength <= maxBytes) return payload;
  } catch {
    // Found below.
  }
  for (const reply of replies) {
    let size: number;
    try {
      size = encode(packOutcome(reply.outcome)).byteLength;
    } catch (error) {
      throw new Unwritable(reply.key, `its reply cannot be encoded: ${String(error)}`);
    }
    if (size > maxBytes) throw new Unwritable(reply.key, `its reply is ${size} bytes`);
  }
  return encodeReplies(mark, replies);
};

/** What askers are told of a commit that too few replicas have. */
const tooFewReplicas: Outcome = Object.freeze({
  kind: "error",
  code: "OUTCOME_UNKNOWN",
  message: "fewer replicas than asked for had it in time",
});

/** A refusal or an error has changed nothing, and is told as it is. */
const asShort = (reply: Reply): Reply =>
  reply.outcome.kind === "value" && !reply.isRead ? { ...reply, outcome: tooFewReplicas } : reply;

export class CommitBatch {
  turns = 0;
  bytes = 0;
  /** Encoded when the batch is cut, so that an actor's many turns are encoded once. */
  readonly dirty = new Map<{ readonly key: ActorKey }, () => Uint8Array | "removed">();
  readonly timersSet = new Map<string, { member: Uint8Array; dueAt: RedisMs }>();
  readonly timersRemoved: Uint8Array[] = [];
  readonly outAdd: OutMessage[] = [];
  readonly outRemove: { target: ShardId; outId: OutMessage["outId"]; n: number }[] = [];
  readonly effectsPut = new Map<string, Uint8Array>();
  readonly effectsRemoved = new Set<string>();
  readonly deferralsPut = new Map<string, Uint8Array>();
  readonly deferralsRemoved = new Set<string>();
  readonly views = new Map<string, Map<string, () => Uint8Array | "removed">>();
  readonly idempotency = new Map<string, { record: Uint8Array; expiresAt: RedisMs }>();
  /** Asks the store to drop expired replies and to count those left. */
  countReplies = false;
  /** What the shard takes no more of, where that has changed. */
  closed: readonly string[] | undefined;
  readonly triesPut = new Map<string, Uint8Array>();
  readonly triesRemoved = new Set<string>();
  readonly letters = new Map<string, { at: RedisMs; head: Uint8Array; body: Uint8Array }>();
  /** Heads of letters as they are now that they are resolved. */
  readonly lettersResolved = new Map<string, Uint8Array>();
  lettersKept = 0;
  readonly local: Uint8Array[] = [];
  readonly log: Uint8Array[] = [];
  readonly replies = new Map<NodeId, Reply[]>();
  readonly settlements: Settlement[] = [];
  handledMessages = 0;
  /** Set by {@link toRequest}: the entry that goes to the shard's own mailbox. */
  localPayload: Uint8Array | undefined;

  get isEmpty(): boolean {
    return (
      this.turns === 0 &&
      this.dirty.size === 0 &&
      this.outRemove.length === 0 &&
      this.effectsPut.size === 0 &&
      this.effectsRemoved.size === 0 &&
      this.deferralsRemoved.size === 0 &&
      (this.closed?.length ?? 0) === 0 &&
      this.triesPut.size === 0 &&
      this.triesRemoved.size === 0 &&
      this.letters.size === 0 &&
      this.lettersResolved.size === 0 &&
      this.handledMessages === 0 &&
      this.settlements.length === 0
    );
  }

  /** Tells whether it holds a state of the actor, or the letter that the actor is. */
  changes(cell: { readonly key: ActorKey; readonly id: string }): boolean {
    return this.dirty.has(cell) || this.lettersResolved.has(cell.id);
  }

  /** Adds the answer of the actor `key` to an ask. */
  reply(
    key: ActorKey,
    to: { readonly node: NodeId; readonly incarnation: Incarnation; readonly askId: number },
    outcome: Outcome,
    isRead = false,
  ): void {
    const replies = this.replies.get(to.node);
    const reply = { key, incarnation: to.incarnation, askId: to.askId, outcome, isRead };
    if (replies) replies.push(reply);
    else this.replies.set(to.node, [reply]);
  }

  viewRow(kind: string, id: string, row: () => Uint8Array | "removed"): void {
    const rows = this.views.get(kind);
    if (rows) rows.set(id, row);
    else this.views.set(kind, new Map([[id, row]]));
  }

  /**
   * Cuts the batch: encodes states and rows as they are now.
   * @throws Unwritable
   */
  toRequest(cut: {
    readonly claim: Claim;
    readonly epoch: Epoch;
    readonly seq: number;
    readonly hash: string;
    readonly sender: string;
    readonly now: RedisMs;
    readonly maxReplyBytes: number;
    /** Replicas must have it before callers hear of it. */
    readonly isReplicated: boolean;
    readonly mail: {
      readonly handled: readonly EntryId[];
      readonly handledUpTo?: EntryId;
      readonly partial: readonly { readonly id: EntryId; readonly record: Uint8Array }[];
    };
  }): CommitRequest {
    const request: Mutable<CommitRequest> = { claim: cut.claim, seq: cut.seq, hash: cut.hash };
    if (this.dirty.size > 0) {
      const states: { key: ActorKey; state: Uint8Array | "removed" }[] = [];
      for (const [{ key }, state] of this.dirty) states.push({ key, state: state() });
      request.states = states;
    }
    const { mail } = cut;
    if (
      mail.handled.length > 0 ||
      mail.partial.length > 0 ||
      mail.handledUpTo !== undefined ||
      this.handledMessages > 0
    ) {
      request.mail = { ...mail, count: this.handledMessages };
    }
    if (this.local.length > 0) {
      this.localPayload = encodeBatch(cut.sender, this.local);
      request.local = { payload: this.localPayload, count: this.local.length };
    }
    if (this.timersSet.size > 0 || this.timersRemoved.length > 0) {
      request.timers = { set: [...this.timersSet.values()], remove: this.timersRemoved };
    }
    if (this.outAdd.length > 0 || this.outRemove.length > 0) {
      request.out = { add: this.outAdd, remove: this.outRemove };
    }
    if (this.effectsPut.size > 0 || this.effectsRemoved.size > 0) {
      request.effects = {
        put: [...this.effectsPut].map(([id, record]) => ({ id, record })),
        remove: [...this.effectsRemoved],
      };
    }
    if (this.deferralsPut.size > 0 || this.deferralsRemoved.size > 0) {
      request.deferrals = {
        put: [...this.deferralsPut].map(([id, record]) => ({ id, record })),
        remove: [...this.deferralsRemoved],
      };
    }
    if (this.views.size > 0) {
      request.views = [...this.views].map(([kind, rows]) => ({
        kind,
        rows: [...rows].map(([id, row]) => ({ id, row: row() })),
      }));
    }
    if (this.idempotency.size > 0 || this.countReplies) {
      request.idempotency = {
        put: [...this.idempotency].map(([key, kept]) => ({ key, ...kept })),
        expireBefore: cut.now,
      };
    }
    if (this.triesPut.size > 0 || this.triesRemoved.size > 0) {
      request.tries = {
        put: [...this.triesPut].map(([id, record]) => ({ id, record })),
        remove: [...this.triesRemoved],
      };
    }
    if (this.letters.size > 0 || this.lettersResolved.size > 0) {
      request.dead = {
        put: [...this.letters].map(([id, letter]) => ({ id, ...letter })),
        resolve: [...this.lettersResolved].map(([id, head]) => ({ id, head })),
        keep: this.lettersKept,
      };
    }
    if (this.closed) request.closed = this.closed;
    if (this.log.length > 0) request.log = this.log;
    if (this.replies.size > 0) {
      const mark = { shard: cut.claim.shard, at: { epoch: cut.epoch, seq: cut.seq } };
      request.replies = [...this.replies].map(([node, replies]) => ({
        node,
        payload: packReplies(mark, replies, cut.maxReplyBytes),
        ...(cut.isReplicated && {
          ifShort: encodeReplies(mark, replies.map(asShort)),
        }),
      }));
    }
    return request;
  }
}

/** A state as stored: the version of its shape beside it. */
export const encodeState = (version: number, state: unknown): Uint8Array =>
  encode([version, state]);
