/**
 * Hints between nodes. Every message may be lost, doubled or late; what matters is found again by
 * a sweep. Stores publish `wake`, `replies`, `view`, `status` and `events` themselves, inside their writes.
 */
import type { EntryId, EventId, Incarnation, NodeId, ShardId } from "../model/ids.ts";

import type { MailEntry, ViewRows } from "./shard-store.ts";
import type { ViewVersion } from "./view-store.ts";

export type Topic =
  /** New mail of a shard. */
  | { readonly topic: "wake"; readonly shard: ShardId }
  /** Answers to asks of one node; they reach it from the shards whose mailboxes it has written to. */
  | { readonly topic: "replies"; readonly node: NodeId }
  /** Changed list rows of one kind. */
  | { readonly topic: "view"; readonly kind: string }
  /** Changed status rows of any node. */
  | { readonly topic: "status" }
  /** Something about membership changed. */
  | { readonly topic: "membership" }
  /** Shards were released or a node wants the others to look at ownership. */
  | { readonly topic: "ownership" }
  /** The stream of events has grown. */
  | { readonly topic: "events" }
  /** Requests to one node, and their answers. */
  | { readonly topic: "node"; readonly node: NodeId };

export type BusMessage =
  /** The entry and the id of the one before it: the owner reads the stream only on a gap. */
  | {
      readonly topic: "wake";
      readonly shard: ShardId;
      readonly entry?: MailEntry;
      readonly previous?: EntryId;
    }
  | { readonly topic: "replies"; readonly payload: Uint8Array }
  /** `rows` is absent when they were too large to publish: list the shard. */
  | {
      readonly topic: "view";
      readonly kind: string;
      readonly shard: ShardId;
      readonly version: ViewVersion;
      readonly rows?: ViewRows["rows"];
    }
  | {
      readonly topic: "status";
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation;
      readonly version: ViewVersion;
      readonly reset: boolean;
      readonly rows?: readonly { readonly unit: string; readonly row: Uint8Array | "removed" }[];
    }
  | { readonly topic: "membership"; readonly version: number }
  | { readonly topic: "ownership"; readonly shards: readonly ShardId[] }
  /** `last`: the newest event then. */
  | { readonly topic: "events"; readonly last: EventId }
  | { readonly topic: "node"; readonly payload: Uint8Array };

export interface Bus {
  /** Resolves when the subscription stands; the answer ends it. Delivery is best effort. */
  subscribe(topic: Topic, deliver: (message: BusMessage) => void): Promise<() => Promise<void>>;
  /** Sends a hint to all subscribers; resolves when handed over, never rejects. */
  publish(topic: Topic, message: BusMessage): Promise<void>;
  /** Calls `reset` whenever messages may have been missed (a reconnect). The answer ends it. */
  onReset(reset: () => void): () => void;
}
