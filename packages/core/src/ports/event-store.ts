/**
 * The cluster's one stream of user-visible events: ordered, bounded, and told once. Sources number
 * their events; the store takes each number once (I2, I4). The stream numbers what it holds, too: an
 * id ends with the count of all events before it, so whoever reads sees where some are missing. The
 * audit is a second such log with ids and a bound of its own: what many events push out of the one
 * is still in the other.
 */
import type { EventId, OutId, ShardId } from "../model/ids.ts";

/** The place of `out` for messages that go to the stream of events instead of a mailbox. */
export const eventsTarget: ShardId = -1;

/** Longest payload of one event, in bytes. */
export const maxEventBytes = 16_384;
/** Events answered by one `page`. */
export const maxEventPage = 200;

export interface StoredEvent {
  readonly id: EventId;
  readonly payload: Uint8Array;
}

export interface AddEvents {
  readonly source: {
    /** Unique among sources, such as `shard 12`. */
    readonly name: string;
    /** A numbering of the source; another one begins at 1 again. The last 8 are remembered. */
    readonly numbering: OutId;
    /** Number of the first payload; those at or below the last one taken are skipped. */
    readonly first: number;
    /**
     * Sent after a `gap`: all up to this number were taken once and lost here. The stream leaves
     * out as many of its own numbers, so that readers see it.
     */
    readonly lostUpTo?: number;
  };
  readonly payloads: readonly Uint8Array[];
  /** Indexes of payloads that the audit takes as well. */
  readonly audited: readonly number[];
  /** Then the oldest are dropped beyond so many. */
  readonly keep: number;
  /** The same for the audit. */
  readonly keepAudited: number;
}

export type EventLog = "events" | "audit";

export type AddEventsAnswer =
  /** `last`: the highest number of the source now taken. */
  | { readonly kind: "added"; readonly last: number }
  /** Earlier ones are missing: `last` is what the store has taken. */
  | { readonly kind: "gap"; readonly last: number };

export interface EventPage {
  /** In the order asked for. */
  readonly events: readonly StoredEvent[];
  /** Oldest and newest that are kept; `none` while the log is empty. */
  readonly first: EventId | "none";
  readonly last: EventId | "none";
}

export interface EventStore {
  /**
   * Adds events of one source behind all others, and publishes the hint `events`.
   * Guarantees: each number of a source is taken once and in order. Atomicity: one step.
   * Time: the store's. On failure: repeat; a repeat adds nothing that is there.
   */
  add(request: AddEvents): Promise<AddEventsAnswer>;
  /**
   * Reads at most `limit` events behind an id, oldest first, or before one, newest first. An id that
   * is not kept (any more) is fine. Atomicity: one step. Read-only.
   */
  page(
    request:
      | { readonly log: EventLog; readonly after: EventId; readonly limit: number }
      | { readonly log: EventLog; readonly before: EventId; readonly limit: number },
  ): Promise<EventPage>;
}
