/** What people are told of the cluster's life, in one order. */

/** Types of the events that Muster itself tells; actors of one's own add theirs. */
export const builtInEventTypes = Object.freeze([
  "alert.acked",
  "alert.closed",
  "alert.opened",
  "app.drift.acknowledged",
  "app.drift.acknowledgement-ended",
  "app.intent.changed",
  "app.migrated",
  "app.node.reported",
  "app.paused",
  "app.purged",
  "app.resumed",
  "app.rollout.halted",
  "app.rollout.promoted",
  "dead_letter.created",
  "dead_letter.replayed",
  "dead_letter.resolved",
  "event.unreadable",
  "loss.acked",
  "node.drained",
  "node.joined",
  "node.left",
  "node.lost",
  "node.reaped",
  "node.undrained",
  "reconciler.mode.changed",
] as const);
export type BuiltInEventType = (typeof builtInEventTypes)[number];

/** A built-in type, or one of your own: words with dots between, `order.paid`. */
export type EventType = BuiltInEventType | (string & Record<never, never>);

const typePattern = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** Tells whether actors may tell events of this type; `gap` is what readers are told of missing ones. */
export const isEventType = (type: string): boolean => type !== "gap" && typePattern.test(type);

export interface ClusterEvent {
  /** Its place in the order of all events; what a reader resumes after. */
  readonly id: string;
  readonly type: EventType;
  /** `kind/id` of the actor that it is about, such as `app/crm`. */
  readonly subject: string;
  /** When it was decided, by Redis time; ISO-8601 UTC. */
  readonly at: string;
  /** Name of the principal behind it. */
  readonly by?: string;
  readonly reason?: string;
  readonly data: Readonly<Record<string, unknown>> & {
    readonly previous?: unknown;
    readonly next?: unknown;
  };
}

/** Events between two instants that are no longer kept, or were lost. */
export interface EventGap {
  readonly type: "gap";
  /** What to resume after. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export type EventItem = ClusterEvent | EventGap;
