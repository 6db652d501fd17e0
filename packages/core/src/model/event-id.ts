/** Ids of events: `<ms>-<n>`, ordered by both. `n` counts all events of the stream. */
import type { EventId, RedisMs } from "./ids.ts";

export interface EventPlace {
  readonly ms: RedisMs;
  readonly n: number;
}

export const eventIdOf = ({ ms, n }: EventPlace): EventId => `${ms}-${n}` as EventId;

export const placeOf = (id: EventId): EventPlace => {
  const [ms, n] = id.split("-");
  return { ms: Number(ms), n: Number(n) };
};

/** Reads an id from outside. */
export const parseEventId = (text: string): EventId | "malformed" =>
  /^\d{1,15}-\d{1,15}$/.test(text) ? eventIdOf(placeOf(text as EventId)) : "malformed";

/** Negative when `a` is before `b`. */
export const compareEventIds = (a: EventId, b: EventId): number => {
  const [one, two] = [placeOf(a), placeOf(b)];
  return one.ms - two.ms || one.n - two.n;
};

/** Before every event. */
export const firstEventId = "0-0" as EventId;
/** Behind every event. */
export const lastEventId = "999999999999999-999999999999999" as EventId;
