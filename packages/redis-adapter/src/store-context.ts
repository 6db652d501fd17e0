import type { BusMessage, Random, ShardId, Topic } from "@muster/core/ports";
import type { Written } from "./connections/replicated-wire.ts";
import type { Keys } from "./keys.ts";
import type { Reply } from "./link.ts";
import type { ScriptCall } from "./script-runner.ts";

/** What the stores need from their backend. */
export interface StoreContext {
  readonly keys: Keys;
  readonly random: Random;
  /** How many shards or nodes one script may read: on a Cluster each has a slot of its own. */
  readonly together: number;
  /** Resolves when answers of this shard to this node's questions can arrive. @throws BackendUnavailable */
  expectReplies(shard: ShardId): Promise<void>;
  /** Publishes a hint that a script could not; never rejects. */
  publish(topic: Topic, message: BusMessage): Promise<void>;
  /** Runs a script over the control connection. */
  run(call: ScriptCall): Promise<readonly Reply[]>;
  /** Runs a script whose write replicas must have; only where that was asked for. */
  write(call: ScriptCall): Promise<Written>;
  /** True where replicas are waited for: scripts then publish nothing of what they write. */
  readonly isReplicated: boolean;
  /** Time given to scripts instead of Redis's own, for tests; otherwise the empty string. */
  time(): string;
}
