/** Events as people ask for them: what was, with what the answer covers, and what comes. */

import { type Cursor, cursorAt } from "./engine/event-gaps.ts";
import { decodeEvent } from "./engine/event-record.ts";
import type { Node } from "./engine/node.ts";
import { isMusterError, MusterError } from "./errors.ts";
import type { ClusterEvent, EventItem, EventType } from "./model/event.ts";
import {
  compareEventIds,
  eventIdOf,
  lastEventId,
  parseEventId,
  placeOf,
} from "./model/event-id.ts";
import type { EventId } from "./model/ids.ts";
import { isoInstant, parseInstant } from "./model/instant.ts";
import { type EventStore, maxEventPage } from "./ports/event-store.ts";

export interface EventFilter {
  /** Only these types; `app.*` takes all that begin so. @defaultValue all */
  readonly types?: readonly EventType[];
  /** Only events about this actor, `kind/id`, such as `app/crm`. @defaultValue all */
  readonly subject?: string;
}

export interface EventSubscribe extends EventFilter {
  /** Id of an event to go on after, or an ISO-8601 instant to begin at. @defaultValue now */
  readonly since?: string;
  /** Called once with what to go on after, should it break off before the first event. */
  began?(id: string): void;
  /** Called once when the node has stopped and nothing more will come. */
  ended?(): void;
}

export interface EventHistoryRequest extends EventFilter {
  /** Id of an event to begin after, or an ISO-8601 instant. @defaultValue the oldest kept */
  readonly since?: string;
  /** Id of an event to end before, or an ISO-8601 instant. @defaultValue now */
  readonly until?: string;
  /** Most events, the newest ones; 1 to 500. @defaultValue 100 */
  readonly limit?: number;
}

export interface EventHistory {
  /** Oldest first. */
  readonly items: readonly ClusterEvent[];
  /** What the answer covers: within it nothing that was asked for is left out. */
  readonly window: { readonly from: string; readonly to: string };
}

export interface EventsService {
  /**
   * Calls back for each event as it is told, in order and each once; the answer ends it. Where events are
   * no longer kept, or were lost, an item `{ type: "gap", from, to }` says so, whatever is filtered.
   * A listener that answers a promise is waited for.
   * @throws MusterError `VALIDATION`, `NOT_STARTED`, `STOPPED`
   */
  subscribe(
    options: EventSubscribe,
    listener: (item: EventItem) => void | Promise<void>,
  ): () => void;
  /**
   * The newest events that are kept and asked for.
   * @throws MusterError `VALIDATION`, `NOT_STARTED`, `STOPPED`, `BACKEND_UNAVAILABLE`
   */
  history(request?: EventHistoryRequest): Promise<EventHistory>;
}

const defaultLimit = 100;
const mostLimit = 500;
const typePattern = /^[a-z0-9][a-z0-9._-]{0,99}(\.\*)?$|^\*$/;

const invalid = (op: string, field: string, message: string): MusterError =>
  new MusterError("VALIDATION", `${field} ${message}.`, {
    op,
    fieldErrors: { [field]: message },
    outcome: "not-applied",
  });

/** @throws MusterError `VALIDATION` */
const placeGiven = (op: string, field: string, text: string): Cursor => {
  const id = parseEventId(text);
  if (id !== "malformed") return { after: id, exact: true };
  const ms = parseInstant(text);
  if (ms === undefined) {
    throw invalid(op, field, "must be an id of an event or an ISO-8601 instant");
  }
  return cursorAt(Math.max(0, ms));
};

/** @throws MusterError `VALIDATION` */
const matcher = (op: string, { types, subject }: EventFilter) => {
  for (const type of types ?? []) {
    if (!typePattern.test(type)) throw invalid(op, "types", "must be words with dots between");
  }
  const isOfType = (type: string): boolean =>
    types === undefined ||
    types.some((each) => (each.endsWith("*") ? type.startsWith(each.slice(0, -1)) : type === each));
  return (event: ClusterEvent): boolean =>
    (subject === undefined || event.subject === subject) && isOfType(event.type);
};

const instantOf = (id: EventId): string => isoInstant(placeOf(id).ms);

/** Instants in ISO-8601 compare as text. */
const earlier = (a: string, b: string): string => (a < b ? a : b);

const readHistory = async (
  store: EventStore,
  since: Cursor | undefined,
  until: EventId,
  limit: number,
  matches: (event: ClusterEvent) => boolean,
): Promise<{ readonly items: ClusterEvent[]; readonly from: EventId | "none" }> => {
  const found: ClusterEvent[] = [];
  for (let before = until; ; ) {
    const { events, first } = await store.page({ before, limit: maxEventPage });
    for (const stored of events) {
      if (since && compareEventIds(stored.id, since.after) <= 0) {
        return { items: found.reverse(), from: since.after };
      }
      before = stored.id;
      const event = decodeEvent(stored);
      if (!matches(event)) continue;
      found.push(event);
      if (found.length === limit) return { items: found.reverse(), from: stored.id };
    }
    if (events.length < maxEventPage) {
      const isWhole = first === "none" || placeOf(first).n === 1;
      return { items: found.reverse(), from: isWhole && since ? since.after : first };
    }
  }
};

export const createEventsService = (node: Node, store: EventStore): EventsService => {
  const refuseUnlessRunning = (mustReach: boolean): void => {
    const refused = node.unavailable();
    if (refused && (mustReach || refused.code !== "BACKEND_UNAVAILABLE")) throw refused;
  };
  return {
    subscribe: ({ since, began = () => {}, ended = () => {}, ...filter }, listener) => {
      const op = "events.subscribe";
      const matches = matcher(op, filter);
      const from = since === undefined ? "now" : placeGiven(op, "since", since);
      refuseUnlessRunning(false);
      return node.events.subscribe(
        from,
        (item) =>
          item.type === "gap" || matches(item as ClusterEvent) ? listener(item) : undefined,
        { began, ended },
      );
    },
    history: async (request = {}) => {
      const op = "events.history";
      const { since, until, limit = defaultLimit, ...filter } = request;
      const matches = matcher(op, filter);
      if (!Number.isInteger(limit) || limit < 1 || limit > mostLimit) {
        throw invalid(op, "limit", `must be a whole number from 1 to ${mostLimit}`);
      }
      const from = since === undefined ? undefined : placeGiven(op, "since", since);
      const end = until === undefined ? undefined : placeGiven(op, "until", until).after;
      refuseUnlessRunning(true);
      const to = end ?? eventIdOf({ ms: node.now(), n: 0 });
      try {
        const read = await readHistory(store, from, end ?? lastEventId, limit, matches);
        const begins = instantOf(read.from === "none" ? to : read.from);
        // An event is decided before it is told.
        const [{ at } = { at: begins }] = read.items;
        return {
          items: read.items,
          window: { from: earlier(at, begins), to: instantOf(to) },
        };
      } catch (cause) {
        if (isMusterError(cause)) throw cause;
        throw new MusterError("BACKEND_UNAVAILABLE", `${op}: the backend did not answer.`, {
          op,
          cause,
          retryAfterMs: 1_000,
        });
      }
    },
  };
};
