/**
 * Ownership, mailbox and state of shards. Every method that names a {@link Claim} is fenced: another
 * claim answers `fenced`, another history `history`, and neither reads nor writes anything (I1).
 */
import type {
  ActorKey,
  ClaimId,
  DatasetId,
  EntryId,
  Epoch,
  HistoryId,
  Incarnation,
  NodeId,
  OutId,
  ProducerId,
  RedisMs,
  ShardId,
} from "../model/ids.ts";
import type { Position } from "../model/position.ts";
import type { ShardSurvey, SurveyRequest } from "./shard-survey.ts";

/** One ownership period as its holder knows it. */
export interface Claim {
  readonly shard: ShardId;
  readonly claimId: ClaimId;
  readonly historyId: HistoryId;
}

/** Refusals that every fenced call can answer; the holder drops what it speculated. */
export type Refusal =
  | {
      readonly kind: "fenced";
      /**
       * Last commit number accepted under the refused claim, where still known: it can never move
       * again, so it tells which of the holder's commits were applied.
       */
      readonly finalSeq?: number;
    }
  | { readonly kind: "history"; readonly historyId: HistoryId }
  /** The shard's ownership record is not there: data was lost. */
  | { readonly kind: "lost" };

export interface Ownership {
  readonly shard: ShardId;
  readonly claimId: ClaimId | "none";
  readonly owner: NodeId | "none";
  readonly incarnation: Incarnation | "none";
  readonly released: boolean;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly historyId: HistoryId | "none";
  /** History of the server that holds the shard now: where it is another, every claim has ended. */
  readonly presentHistoryId: HistoryId;
  /** Messages waiting in the mailbox. */
  readonly pending: number;
  /** Identity of this record: another one was made anew, after a loss or a purge. */
  readonly born: string;
  /** The last commit accepted under this or an earlier claim. */
  readonly written: Position;
  /** Changes with the findings of lost data in this shard; empty while there was none. */
  readonly lossMark: string;
}

export interface ClaimRequest {
  readonly shard: ShardId;
  /** Fresh and random; repeating the call with it is harmless. */
  readonly claimId: ClaimId;
  /** The claim this one replaces, as seen by `inspect`. */
  readonly seen: ClaimId | "none";
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly datasetId: DatasetId;
  /** Highest epoch the claimer knows of. */
  readonly epochKnown: Epoch;
  readonly membershipVersion: number;
  /** Lease deadline of the owner replaced, so that no effect reruns before it; 0 when released. */
  readonly notBefore: RedisMs;
  /** Producers that joined below this number are gone; their records may be dropped. */
  readonly producerFloor: number;
  /** The loss of this shard's record was reported: make it anew instead of answering `lost`. */
  readonly afterLoss?: boolean;
}
/** A shard was taken over from a process that had not released it: it died, froze or was cut off. */
export interface UncleanTakeover {
  /** Epoch of the claim that ended so. */
  readonly ended: Epoch;
  /** Newest mailbox entry then, handled or not. */
  readonly entry: EntryId;
  /** Redis time then. */
  readonly at: RedisMs;
}
export type ClaimAnswer =
  | {
      readonly kind: "claimed";
      readonly epoch: Epoch;
      readonly historyId: HistoryId;
      readonly outId: OutId;
      /** No effect of an earlier owner reruns before this Redis time. */
      readonly notBefore: RedisMs;
      /**
       * The last two unclean take-overs of the shard, oldest first. One that an incarnation makes
       * from itself is none: its process lives.
       */
      readonly unclean: readonly UncleanTakeover[];
    }
  | { readonly kind: "held"; readonly ownership: Ownership }
  /** The shard has seen a newer membership: raise, re-read, try again. */
  | { readonly kind: "stale-membership"; readonly seen: number }
  | { readonly kind: "lost" };

/** A message of one shard to another, numbered per (out id, target). */
export interface OutMessage {
  readonly target: ShardId;
  readonly outId: OutId;
  readonly n: number;
  readonly payload: Uint8Array;
}

export interface Timer {
  /** Unique within the shard; holds the encoded command. */
  readonly member: Uint8Array;
  readonly dueAt: RedisMs;
}

/** What a new owner needs before its first turn. Actor states are loaded when first used. */
export interface ShardImage {
  readonly timers: readonly Timer[];
  readonly effects: readonly { readonly id: string; readonly record: Uint8Array }[];
  /** Asks that a later turn answers. */
  readonly deferrals: readonly { readonly id: string; readonly record: Uint8Array }[];
  readonly out: readonly OutMessage[];
  /** Last number given per target under the current out id. */
  readonly outNumbers: ReadonlyMap<ShardId, number>;
  /** Entries handled in part, with what the owner stored about them. */
  readonly partial: ReadonlyMap<EntryId, Uint8Array>;
  /** What was remembered of work that did not end well. */
  readonly tries: readonly { readonly id: string; readonly record: Uint8Array }[];
  /** Number of replies kept for idempotency keys. */
  readonly idempotencyCount: number;
  /** Dead letters that nobody has resolved. */
  readonly openLetters: number;
  /**
   * The newest entry ever added to the mailbox, also when it is gone; `0-0` before the first. What
   * wake-ups say of it and of older ones is from before the claim.
   */
  readonly lastEntry: EntryId;
}

export interface MailEntry {
  readonly id: EntryId;
  /** Encoded batches of messages, in order. */
  readonly payloads: readonly Uint8Array[];
}

export interface AppendRequest {
  readonly shard: ShardId;
  readonly source:
    | {
        readonly kind: "producer";
        readonly producer: ProducerId;
        /**
         * From 1, one higher for each new batch; the same number means the same bytes. Number 1
         * registers the producer, unless its join number is below the shard's floor.
         */
        readonly number: number;
        readonly hash: string;
      }
    | {
        readonly kind: "shard";
        readonly shard: ShardId;
        readonly outId: OutId;
        /** Number of the first payload; those at or below the last one taken are skipped. */
        readonly first: number;
        /**
         * Sent after a `gap` whose messages have left `out`: all up to this number were delivered
         * once and lost there, and the target goes on after it. Without it the pair would block.
         */
        readonly lostUpTo?: number;
      };
  /** Encoded batches: exactly one for a producer, one per message for a shard. */
  readonly payloads: readonly Uint8Array[];
  /** Messages in all payloads together. */
  readonly count: number;
  /**
   * Most messages that may wait once this batch is in; beyond it the answer is `full`.
   * @defaultValue no bound
   */
  readonly limit?: number;
}
/**
 * With a backend that waits for replicas: fewer of them than asked for had it in time. It stands on
 * the primary and may be lost with it, so callers are told that its outcome is unknown.
 */
export type Durability = "short";

export type AppendAnswer =
  /**
   * `last`: for a shard source the highest number now taken. `entry`: for a producer the mailbox
   * entry that holds the batch, or a later one when the batch had been appended before: an owner
   * that has read so far has seen the batch. `closed`: what the owner takes no more of, where there
   * is any.
   */
  | {
      readonly kind: "appended";
      readonly last: number;
      readonly entry?: EntryId;
      readonly closed?: readonly string[];
      /** Told of a producer's batch alone. */
      readonly durability?: Durability;
    }
  /** Older than the last number of this producer: only a late copy is that old. */
  | { readonly kind: "stale" }
  /** Beyond the next number: earlier batches were lost. `last` is what the store holds. */
  | { readonly kind: "gap"; readonly last: number }
  /** The same number with other bytes. */
  | { readonly kind: "conflict" }
  /** The producer's record was dropped after its node was reaped, or lost. */
  | { readonly kind: "unknown-producer"; readonly reaped: boolean }
  /**
   * Nothing was added. For a producer this settles the number for good: a repeat answers `full`
   * again and the next batch takes the next number, so that a late copy adds nothing either.
   */
  | { readonly kind: "full"; readonly pending: number }
  | { readonly kind: "lost" };

export interface ViewRows {
  readonly kind: string;
  readonly rows: readonly { readonly id: string; readonly row: Uint8Array | "removed" }[];
}

/** A dead letter as stored: its head tells about it, its body holds what was put aside. */
export interface StoredLetter {
  readonly id: string;
  /** Orders the letters of a shard by age; unique there. */
  readonly position: number;
  readonly open: boolean;
  readonly head: Uint8Array;
}
export interface DeadLetterWrites {
  /** New, open letters in order; one whose id is there already is left as it is. */
  readonly put: readonly {
    readonly id: string;
    /** Redis time from which its position is made. */
    readonly at: RedisMs;
    readonly head: Uint8Array;
    readonly body: Uint8Array;
  }[];
  /** Replaces the heads of letters and counts them as resolved; unknown ones are passed over. */
  readonly resolve: readonly { readonly id: string; readonly head: Uint8Array }[];
  /** Then drops resolved letters, the oldest first and at most 64, beyond so many in all. */
  readonly keep: number;
}

/** One atomic, fenced write. Absent parts write nothing. */
export interface CommitRequest {
  readonly claim: Claim;
  /** One higher than the last accepted under this claim; from 1. */
  readonly seq: number;
  /** Hash of the content: the same seq with the same hash answers the first outcome. */
  readonly hash: string;
  readonly states?: readonly { readonly key: ActorKey; readonly state: Uint8Array | "removed" }[];
  readonly mail?: {
    /** Entries handled completely. */
    readonly handled: readonly EntryId[];
    /** Everything up to and including this entry is handled. */
    readonly handledUpTo?: EntryId;
    readonly partial: readonly { readonly id: EntryId; readonly record: Uint8Array }[];
    /** Messages that leave the mailbox with this commit. */
    readonly count: number;
  };
  /** Messages to actors of the same shard, appended to its own mailbox as one entry. */
  readonly local?: { readonly payload: Uint8Array; readonly count: number };
  readonly timers?: { readonly set: readonly Timer[]; readonly remove: readonly Uint8Array[] };
  readonly out?: {
    readonly add: readonly OutMessage[];
    readonly remove: readonly Omit<OutMessage, "payload">[];
  };
  readonly effects?: {
    readonly put: readonly { readonly id: string; readonly record: Uint8Array }[];
    readonly remove: readonly string[];
  };
  readonly deferrals?: {
    readonly put: readonly { readonly id: string; readonly record: Uint8Array }[];
    readonly remove: readonly string[];
  };
  readonly views?: readonly ViewRows[];
  readonly idempotency?: {
    readonly put: readonly {
      readonly key: string;
      readonly record: Uint8Array;
      readonly expiresAt: RedisMs;
    }[];
    /** Drops at most 128 records that expired before this Redis time. */
    readonly expireBefore: RedisMs;
  };
  readonly tries?: {
    readonly put: readonly { readonly id: string; readonly record: Uint8Array }[];
    readonly remove: readonly string[];
  };
  readonly dead?: DeadLetterWrites;
  /**
   * Names of what the shard takes no more of from outside, in place of those told before. The store
   * refuses nothing by them; it tells them to producers. A claim begins with none.
   */
  readonly closed?: readonly string[];
  /** History records of the shard, bounded by the store. */
  readonly log?: readonly Uint8Array[];
  /** Answers to asks, packed per node; published with the commit. */
  readonly replies?: readonly {
    readonly node: NodeId;
    readonly payload: Uint8Array;
    /** Published instead when the commit's durability is short. */
    readonly ifShort?: Uint8Array;
  }[];
}
export type CommitAnswer =
  | {
      readonly kind: "committed";
      /** Entry id of `local`, when there was one, and of the entry before it. */
      readonly localEntry?: EntryId;
      readonly localPrevious?: EntryId;
      /** Replies kept in the shard after it; given with a commit that named `idempotency`. */
      readonly repliesKept?: number;
      /** Its rows and replies were not published. */
      readonly durability?: Durability;
    }
  | Refusal
  /** This seq was accepted with other content: a late copy of a dropped batch. Claim afresh. */
  | { readonly kind: "conflict" }
  /** `seq` is beyond the next: the shard went back. Claim afresh. */
  | { readonly kind: "gap"; readonly seq: number };

/** One of several servers did not answer; where none does, the call rejects. */
export interface Unanswered {
  readonly kind: "unanswered";
}

export interface ShardStore {
  /**
   * Reads the ownership of the given shards. Read-only; a missing record answers `lost` for it, and a
   * shard whose server alone does not answer is left out.
   */
  inspect(request: {
    readonly shards: readonly ShardId[];
  }): Promise<readonly (Ownership | { readonly shard: ShardId; readonly kind: "lost" })[]>;
  /** Compare-and-set on the claim seen. Atomic; repeating with the same claim id writes nothing. */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Ends a claim; its id and seq stay, so a late copy of the claim is never granted again. */
  release(request: { readonly claim: Claim }): Promise<{ readonly kind: "released" } | Refusal>;
  /** Reads what an owner needs to begin. Fenced, read-only. */
  load(request: {
    readonly claim: Claim;
  }): Promise<{ readonly kind: "loaded"; readonly image: ShardImage } | Refusal>;
  /**
   * Reads states and stored replies, in the order asked; `"absent"` where there is none, also for a
   * reply past its expiry by the store's time. Fenced.
   */
  fetch(request: {
    readonly claim: Claim;
    readonly actors: readonly ActorKey[];
    readonly idempotencyKeys: readonly string[];
  }): Promise<
    | {
        readonly kind: "fetched";
        readonly states: readonly (Uint8Array | "absent")[];
        readonly replies: readonly (Uint8Array | "absent")[];
      }
    | Refusal
  >;
  /**
   * Reads mailbox entries after the given ones, at most `limit` per shard. Fenced, read-only.
   * `unanswered` where one of several servers did not answer.
   */
  read(request: {
    readonly reads: readonly { readonly claim: Claim; readonly after: EntryId }[];
    readonly limit: number;
  }): Promise<
    readonly (
      | { readonly kind: "entries"; readonly entries: readonly MailEntry[]; readonly more: boolean }
      | Refusal
      | Unanswered
    )[]
  >;
  /** Adds a batch to a mailbox and wakes the owner. Atomic; a repeat of the same batch is harmless. */
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** Writes a batch of decisions. Atomic; a repeat of the same batch answers the first outcome. */
  commit(request: CommitRequest): Promise<CommitAnswer>;
  /**
   * Forgets the producers of nodes that joined below `floor`, and lets none of them register again; a
   * lower floor than before changes nothing. Atomic for each shard; what was not reached is left as
   * it was. Harmless to repeat.
   */
  raiseFloor(request: {
    readonly shards: readonly ShardId[];
    readonly floor: number;
  }): Promise<void>;
  /**
   * Tells which of the claims still stand; `unanswered` where one of several servers did not. With
   * `membershipVersion` it leaves that version at the shards of those that do, unless they have seen
   * a higher one: claims made by an older list of nodes are refused from then on. Otherwise read-only.
   */
  check(request: {
    readonly claims: readonly Claim[];
    readonly membershipVersion?: number;
  }): Promise<readonly ({ readonly kind: "stands" } | Refusal | Unanswered)[]>;
  /** Reads what a shard holds, all as one step. Read-only, unfenced. */
  survey(request: SurveyRequest): Promise<ShardSurvey | { readonly kind: "lost" }>;
  /**
   * Reads dead letters of a shard, oldest first: heads from a position on, or those of the given
   * ids with their bodies, as far as they are there. Read-only, unfenced.
   */
  listDead(
    request:
      | {
          readonly shard: ShardId;
          readonly limit: number;
          /** Only letters behind this position. */
          readonly after?: number;
          readonly openOnly?: boolean;
        }
      | { readonly shard: ShardId; readonly ids: readonly string[] },
  ): Promise<readonly (StoredLetter & { readonly body?: Uint8Array })[]>;
}
