/** The stream of events and the audit in memory: each call one step on them (I2, I4). */
import { compareEventIds, eventIdOf, placeOf } from "../model/event-id.ts";
import type { EventId, RedisMs } from "../model/ids.ts";
import {
  type AddEvents,
  type AddEventsAnswer,
  type EventLog,
  type EventPage,
  type EventStore,
  maxEventPage,
} from "../ports/event-store.ts";
import type { EventsData } from "./cluster-data.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";

/** Adds behind the newest one, leaving out as many numbers as were lost. */
const addTo = (
  data: EventsData,
  log: EventLog,
  payloads: readonly Uint8Array[],
  options: { readonly now: RedisMs; readonly lost: number; readonly keep: number },
): EventId => {
  const kept = data.kept[log];
  const newest = kept.at(-1)?.id;
  const before = newest === undefined ? { ms: 0, n: 0 } : placeOf(newest);
  const ms = Math.max(options.now, before.ms);
  let n = before.n + options.lost;
  for (const payload of payloads) {
    n += 1;
    kept.push({ id: eventIdOf({ ms, n }), payload });
  }
  if (kept.length > options.keep) data.kept[log] = kept.slice(-options.keep);
  return eventIdOf({ ms, n });
};

const add = (link: Link, data: EventsData, request: AddEvents): AddEventsAnswer => {
  const { source, payloads, audited, keep, keepAudited } = request;
  const name = `${source.name}:${source.numbering}`;
  const taken = data.sources.get(name) ?? 0;
  const last = Math.max(taken, source.lostUpTo ?? 0);
  if (source.first > last + 1) return { kind: "gap", last };
  const skipped = last + 1 - source.first;
  const fresh = payloads.slice(skipped);
  if (fresh.length === 0) return { kind: "added", last };
  const { now } = link;
  // The numbers of lost ones are left out, so that readers see that something is missing.
  const told = addTo(data, "events", fresh, { now, lost: last - taken, keep });
  const kept = payloads.filter((_, at) => at >= skipped && audited.includes(at));
  // How many of the lost ones the audit would have taken is not known.
  const lost = Math.min(1, last - taken);
  if (kept.length > 0) addTo(data, "audit", kept, { now, lost, keep: keepAudited });
  data.sources.set(name, last + fresh.length);
  const topic = { topic: "events" } as const;
  link.server.hub.publish(channelOf(link.cluster, topic), () => ({ ...topic, last: told }));
  return { kind: "added", last: last + fresh.length };
};

/** Drops what is remembered of a source that is no more. */
export const forgetSource = ({ sources }: EventsData, name: string): void => {
  for (const key of sources.keys()) if (key.startsWith(`${name}:`)) sources.delete(key);
};

const page = (data: EventsData, request: Parameters<EventStore["page"]>[0]): EventPage => {
  const kept = data.kept[request.log];
  const limit = Math.min(request.limit, maxEventPage);
  const events =
    "after" in request
      ? kept.filter(({ id }) => compareEventIds(id, request.after) > 0).slice(0, limit)
      : kept
          .filter(({ id }) => compareEventIds(id, request.before) < 0)
          .reverse()
          .slice(0, limit);
  return { events, first: kept[0]?.id ?? "none", last: kept.at(-1)?.id ?? "none" };
};

export const memoryEvents = (link: Link): EventStore => ({
  add: (request) => link.call("add", () => add(link, link.data.events, request)),
  page: (request) => link.call("page", () => page(link.data.events, request)),
});
