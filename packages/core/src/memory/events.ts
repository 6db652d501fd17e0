/** The stream of events in memory: each call one step on it (I2, I4). */
import { compareEventIds, eventIdOf, placeOf } from "../model/event-id.ts";
import {
  type AddEvents,
  type AddEventsAnswer,
  type EventPage,
  type EventStore,
  maxEventPage,
} from "../ports/event-store.ts";
import type { EventsData } from "./cluster-data.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";

const add = (link: Link, data: EventsData, request: AddEvents): AddEventsAnswer => {
  const { source, payloads, keep } = request;
  const name = `${source.name}:${source.numbering}`;
  const taken = data.sources.get(name) ?? 0;
  const last = Math.max(taken, source.lostUpTo ?? 0);
  if (source.first > last + 1) return { kind: "gap", last };
  const fresh = payloads.slice(last + 1 - source.first);
  if (fresh.length === 0) return { kind: "added", last };
  const newest = data.kept.at(-1)?.id;
  const before = newest === undefined ? { ms: 0, n: 0 } : placeOf(newest);
  const ms = Math.max(link.now, before.ms);
  // The numbers of lost ones are left out, so that readers see that something is missing.
  let { n } = before;
  n += last - taken;
  for (const payload of fresh) {
    n += 1;
    data.kept.push({ id: eventIdOf({ ms, n }), payload });
  }
  if (data.kept.length > keep) data.kept = data.kept.slice(-keep);
  data.sources.set(name, last + fresh.length);
  const topic = { topic: "events" } as const;
  const told = eventIdOf({ ms, n });
  link.server.hub.publish(channelOf(link.cluster, topic), () => ({ ...topic, last: told }));
  return { kind: "added", last: last + fresh.length };
};

const page = ({ kept }: EventsData, request: Parameters<EventStore["page"]>[0]): EventPage => {
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
