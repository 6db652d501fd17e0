/** What an owner needs of its node: ports, clocks, and the few decisions that are not its own. */
import type { EffectContext } from "../define-actor.ts";
import type { ActorKey, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { ClusterSettings } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventStore } from "../ports/event-store.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { Refusal, ShardStore } from "../ports/shard-store.ts";
import type { CallOrigin } from "./call-chain.ts";
import type { Kinds } from "./kinds.ts";
import type { LossWatch } from "./loss-watch.ts";
import type { Meter } from "./meter.ts";
import type { Pace } from "./pace.ts";
import type { Residency } from "./residency.ts";
import type { ShardOwner } from "./shard-owner.ts";
import type { Slots } from "./slots.ts";

export interface OwnerContext {
  readonly store: ShardStore;
  readonly events: Pick<EventStore, "add">;
  readonly clock: Clock;
  readonly random: Random;
  readonly pace: Pace;
  readonly logger: Logger;
  readonly kinds: Kinds;
  readonly settings: ClusterSettings;
  /** Replicas must have a commit before its callers hear of it. */
  readonly isReplicated: boolean;
  /** Freezes what users' code is given. */
  readonly development: boolean;
  readonly effectSlots: Slots;
  /** Taken by one shard at a time whose messages or timers may have ended their process. */
  readonly startSlot: Slots;
  /** Taken by one effect at a time that may have. */
  readonly loneEffects: Slots;
  readonly residency: Residency;
  readonly meter: Meter;
  readonly losses: Pick<LossWatch, "accepted" | "compareBatches" | "saw" | "suspect">;
  /** Actors of which something could not be written: each of their turns is checked for it. */
  readonly suspects: Set<ActorKey>;
  now(): RedisMs;
  /** Monotonic ms of this turn of the event loop. */
  monotonic(): number;
  /** False once the node may no longer act on what it owns. */
  trusted(): boolean;
  shardOf(partitionKey: string): ShardId;
  /** A fresh id for the content of one batch. */
  newHash(): string;
  /** Makes one encoded message of an actor a batch of its own. */
  asBatch(actor: ActorKey, message: Uint8Array): Uint8Array;
  /** Sends a message to wherever its actor lives now. */
  tell(message: Message): void;
  /** The same through the mailbox, to wait there for another owner. */
  tellStored(message: Message): void;
  /** References to actors for an effect that calls them. */
  callsOf(origin: CallOrigin): EffectContext["actor"];
  /** The owner was refused and has dropped everything. */
  fallen(owner: ShardOwner, refusal: Refusal): void;
}
