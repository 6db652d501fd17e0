/** What a node holds at one moment, added up over its shards. Pure. */
import type { RedisMs } from "../model/ids.ts";
import type { NodeStats } from "../model/node-record.ts";
import type { ShardOwner } from "./shard-owner.ts";

/** How old the rows of one view are. */
export interface ViewAge {
  /** Kind of the actors listed, or `$status` for what nodes report. */
  readonly view: string;
  /** 0 before it was loaded. */
  readonly asOf: RedisMs;
  readonly stale: boolean;
}

export interface NodeGauges {
  readonly shardsOwned: number;
  /** Commands that wait for their turn on this node. */
  readonly commandsWaiting: number;
  /** How long the oldest stored command of the shards owned here has waited. */
  readonly oldestWaitingMs: number;
  readonly timers: number;
  readonly effectsRecorded: number;
  readonly effectsRunning: number;
  /** Messages and events of the shards owned here that have not been taken where they go. */
  readonly messagesUnsent: number;
  readonly residentActors: number;
  readonly views: readonly {
    readonly view: string;
    /** `undefined` before it was loaded. */
    readonly ageMs: number | undefined;
    readonly stale: boolean;
  }[];
}

type OwnerGauges = Pick<ShardOwner, "queued" | "oldestEntryAt" | "timers" | "effects" | "unsent">;

/** The shard whose oldest command has waited longest, for the node's record. */
export const oldestOf = (
  owners: Iterable<Pick<ShardOwner, "shard" | "oldestEntryAt">>,
): { readonly oldest?: NonNullable<NodeStats["oldest"]> } => {
  let oldest: NodeStats["oldest"];
  for (const { shard, oldestEntryAt: at } of owners) {
    if (at !== undefined && at < (oldest?.at ?? Number.POSITIVE_INFINITY)) oldest = { shard, at };
  }
  return oldest ? { oldest } : {};
};

export const readGauges = (facts: {
  readonly owners: Iterable<OwnerGauges>;
  readonly residents: number;
  readonly now: RedisMs;
  readonly views: readonly ViewAge[];
}): NodeGauges => {
  const { now } = facts;
  let shardsOwned = 0;
  let commandsWaiting = 0;
  let oldestAt = now;
  let timers = 0;
  let effectsRecorded = 0;
  let effectsRunning = 0;
  let messagesUnsent = 0;
  for (const owner of facts.owners) {
    shardsOwned += 1;
    commandsWaiting += owner.queued;
    oldestAt = Math.min(oldestAt, owner.oldestEntryAt ?? now);
    timers += owner.timers;
    effectsRecorded += owner.effects.recorded;
    effectsRunning += owner.effects.running;
    messagesUnsent += owner.unsent;
  }
  return {
    shardsOwned,
    commandsWaiting,
    oldestWaitingMs: now - oldestAt,
    timers,
    effectsRecorded,
    effectsRunning,
    messagesUnsent,
    residentActors: facts.residents,
    views: facts.views.map(({ view, asOf, stale }) => ({
      view,
      ageMs: asOf === 0 ? undefined : Math.max(0, now - asOf),
      stale,
    })),
  };
};
