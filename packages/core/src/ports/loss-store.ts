/**
 * Findings of lost data. Nodes say what they know to have been accepted; the store compares it with
 * what is there and keeps a finding of what is missing, one of each shard and one of what belongs to
 * no shard. The comparison is made beside the data, so that no finding rests on one node's word (I2).
 */
import type {
  DatasetId,
  Epoch,
  NodeId,
  OutId,
  ProducerId,
  RedisMs,
  ShardId,
} from "../model/ids.ts";
import type { Position } from "../model/position.ts";

/** A shard, or the records that belong to the cluster as a whole. */
export type LossSubject = ShardId | "cluster";

/** Batches that a mailbox has acknowledged to a sender, up to and including `number`. */
export type SenderMark =
  | { readonly kind: "producer"; readonly producer: ProducerId; readonly number: number }
  | {
      readonly kind: "shard";
      readonly shard: ShardId;
      readonly outId: OutId;
      readonly number: number;
    };

export interface LossFinding {
  readonly subject: LossSubject;
  /** Unique; a later loss of the same subject has another one once this was acknowledged or ended. */
  readonly id: string;
  readonly foundAt: RedisMs;
  readonly foundBy: NodeId;
  /** Ends by itself at this Redis time. */
  readonly expiresAt: RedisMs;
  /** Commits after `from`, up to and including `to`, are gone. */
  readonly commits?: { readonly from: Position; readonly to: Position };
  /** Batches of messages that a mailbox had taken and lost, both numbers included; at most 64 senders. */
  readonly batches: readonly {
    readonly sender: string;
    readonly from: number;
    readonly to: number;
  }[];
  /** The data was made anew. */
  readonly dataset?: { readonly former: DatasetId; readonly present: DatasetId };
  readonly acknowledged?: {
    readonly by: string;
    readonly reason: string;
    readonly at: RedisMs;
  };
}

/** How long a finding stands after it was last widened, in milliseconds: a day. */
export const lossKeptMs = 86_400_000;
/** Senders named in one finding. */
export const lossSenders = 64;

export type Comparison =
  /**
   * `kept`: nothing is missing, as far as the record reaches back. `lost`: something is, and a
   * finding says so. `life` is the record's history and making, `epoch` that of its claim; both are
   * of the cluster's own records where these were compared.
   */
  | { readonly kind: "kept" | "lost"; readonly life: string; readonly epoch: Epoch }
  /** The record is not there (yet): compare again once it was made anew. */
  | { readonly kind: "absent" };

export interface LossStore {
  /**
   * Compares positions and batches of one shard with its record; opens or widens its finding.
   * Guarantees: what an open finding, or one acknowledged and not ended, covers changes nothing.
   * Atomicity: one step. Time: the store's. On failure: repeat; a repeat finds the same.
   */
  compareShard(request: {
    readonly shard: ShardId;
    readonly nodeId: NodeId;
    /** Id of the finding if one is opened. */
    readonly id: string;
    readonly positions: readonly Position[];
    readonly senders: readonly SenderMark[];
  }): Promise<Comparison>;
  /**
   * Compares the dataset a node belonged to with the one there is.
   * Atomicity: one step. Time: the store's. On failure: repeat.
   */
  compareDataset(request: {
    readonly nodeId: NodeId;
    readonly id: string;
    readonly former: DatasetId;
  }): Promise<Comparison>;
  /** Reads findings that have not ended. Read-only. */
  list(request: { readonly subjects: readonly LossSubject[] }): Promise<readonly LossFinding[]>;
  /** Acknowledges a finding; a repeat changes nothing. Atomic. */
  acknowledge(request: {
    readonly subject: LossSubject;
    readonly id: string;
    readonly by: string;
    readonly reason: string;
  }): Promise<
    | { readonly kind: "acknowledged"; readonly finding: LossFinding }
    | { readonly kind: "unknown-loss" }
  >;
}
