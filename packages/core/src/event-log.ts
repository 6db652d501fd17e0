/** Reads what is kept of events and of the audit: the newest that match, and what that covers. */
import { type Cursor, cursorAt } from "./engine/event-gaps.ts";
import { decodeEvent } from "./engine/event-record.ts";
import type { Node } from "./engine/node.ts";
import { isMusterError, MusterError } from "./errors.ts";
import type { ClusterEvent, EventType } from "./model/event.ts";
import {
  compareEventIds,
  eventIdOf,
  lastEventId,
  parseEventId,
  placeOf,
} from "./model/event-id.ts";
import type { EventId } from "./model/ids.ts";
import { isoInstant, parseInstant } from "./model/instant.ts";
import { type EventLog, type EventStore, maxEventPage } from "./ports/event-store.ts";

export interface EventFilter {
  /** Only these types; `app.*` takes all that begin so. @defaultValue all */
  readonly types?: readonly EventType[];
  /** Only events about this actor, `kind/id`, such as `app/crm`. @defaultValue all */
  readonly subject?: string;
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
export const placeGiven = (op: string, field: string, text: string): Cursor => {
  const id = parseEventId(text);
  if (id !== "malformed") return { after: id, exact: true };
  const ms = parseInstant(text);
  if (ms === undefined) {
    throw invalid(op, field, "must be an id of an event or an ISO-8601 instant");
  }
  return cursorAt(Math.max(0, ms));
};

/** @throws MusterError `VALIDATION` */
export const matcherOf = (op: string, { types, subject }: EventFilter) => {
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

const readBack = async (
  store: EventStore,
  log: EventLog,
  since: Cursor | undefined,
  until: EventId,
  limit: number,
  matches: (event: ClusterEvent) => boolean,
): Promise<{ readonly items: ClusterEvent[]; readonly from: EventId | "none" }> => {
  const found: ClusterEvent[] = [];
  for (let before = until; ; ) {
    const { events, first } = await store.page({ log, before, limit: maxEventPage });
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

/**
 * Reads the newest entries of a log that match.
 * @throws MusterError `VALIDATION`, `NOT_STARTED`, `STOPPED`, `BACKEND_UNAVAILABLE`
 */
export const readEventLog = async (
  node: Node,
  store: EventStore,
  log: EventLog,
  op: string,
  request: EventHistoryRequest,
  isWanted: (event: ClusterEvent) => boolean = () => true,
): Promise<EventHistory> => {
  const { since, until, limit = defaultLimit, ...filter } = request;
  const matches = matcherOf(op, filter);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostLimit) {
    throw invalid(op, "limit", `must be a whole number from 1 to ${mostLimit}`);
  }
  const from = since === undefined ? undefined : placeGiven(op, "since", since);
  const end = until === undefined ? undefined : placeGiven(op, "until", until).after;
  const refused = node.unavailable();
  if (refused) throw refused;
  const to = end ?? eventIdOf({ ms: node.now(), n: 0 });
  const isMatch = (event: ClusterEvent): boolean => matches(event) && isWanted(event);
  try {
    const read = await readBack(store, log, from, end ?? lastEventId, limit, isMatch);
    const begins = instantOf(read.from === "none" ? to : read.from);
    // An event is decided before it is told.
    const [{ at } = { at: begins }] = read.items;
    return { items: read.items, window: { from: earlier(at, begins), to: instantOf(to) } };
  } catch (cause) {
    if (isMusterError(cause)) throw cause;
    throw new MusterError("BACKEND_UNAVAILABLE", `${op}: the backend did not answer.`, {
      op,
      cause,
      retryAfterMs: 1_000,
    });
  }
};
