/** Finds what a reader of the stream would miss: ids count, so a number that is not the next tells. */

import type { EventGap, EventItem } from "../model/event.ts";
import { compareEventIds, eventIdOf, firstEventId, placeOf } from "../model/event-id.ts";
import type { EventId, RedisMs } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import type { EventPage } from "../ports/event-store.ts";
import { decodeEvent } from "./event-record.ts";

/** Where a reader stands: behind an event, or at an instant of which no event is known. */
export interface Cursor {
  readonly after: EventId;
  /** False at an instant: what came just before it is not known, nor missed. */
  readonly exact: boolean;
}

export const cursorAt = (ms: RedisMs): Cursor => ({ after: eventIdOf({ ms, n: 0 }), exact: false });

const gap = (from: EventId, to: EventId, id: EventId): EventGap => ({
  type: "gap",
  id,
  from: isoInstant(placeOf(from).ms),
  to: isoInstant(placeOf(to).ms),
});

/** The place just before an event. */
const before = (id: EventId): EventId => {
  const { ms, n } = placeOf(id);
  return eventIdOf({ ms, n: n - 1 });
};

/** True when events before the oldest one kept may lie behind the cursor. */
const mayMiss = ({ after, exact }: Cursor, next: EventId): boolean =>
  exact ? placeOf(next).n !== placeOf(after).n + 1 : placeOf(next).n > 1;

/** What a page read behind a cursor tells, gaps included, and where the reader stands then. */
export const takePage = (
  cursor: Cursor,
  { events, first, last }: EventPage,
): { readonly items: readonly EventItem[]; readonly cursor: Cursor } => {
  const items: EventItem[] = [];
  let at = cursor;
  for (const event of events) {
    // At an instant, only the oldest one kept can have lost what was before it.
    if (mayMiss(at, event.id) && (at.exact || event.id === first)) {
      items.push(gap(at.after, event.id, before(event.id)));
    }
    items.push(decodeEvent(event));
    at = { after: event.id, exact: true };
  }
  if (events.length > 0) return { items, cursor: at };
  const newest = last === "none" ? firstEventId : last;
  // The stream ends before what was read: it has lost its end.
  if (at.exact && compareEventIds(newest, at.after) < 0) {
    return {
      items: [gap(at.after, at.after, newest)],
      cursor: { after: newest, exact: true },
    };
  }
  return { items, cursor: at };
};
