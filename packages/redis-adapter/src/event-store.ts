/** The stream of events and the audit: a key of the cluster each, and what each source has told (I2, I4). */
import {
  type EventId,
  type EventPage,
  type EventStore,
  maxEventPage,
  type StoredEvent,
} from "@muster/core/ports";
import { unexpected } from "./refusal.ts";
import { bytes, number, statusOf, text, toBuffer } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

const edge = (id: string): EventPage["first"] => (id === "" ? "none" : (id as EventId));

export const createEventStore = ({ keys, run, time }: StoreContext): EventStore => ({
  add: async ({ source, payloads, audited, keep, keepAudited }) => {
    const taken = new Set(audited);
    const answer = await run({
      script: scripts.addEvents,
      keys: [keys.cluster.events, keys.cluster.eventSources, keys.cluster.audit],
      args: [
        source.name,
        source.numbering,
        String(source.first),
        String(source.lostUpTo ?? 0),
        String(keep),
        time(),
        keys.channels.events,
        String(keepAudited),
        payloads.map((_, at) => (taken.has(at) ? "+" : "-")).join(""),
        ...payloads.map(toBuffer),
      ],
    });
    const status = statusOf(answer);
    if (status !== "ok" && status !== "gap") return unexpected(answer);
    return { kind: status === "ok" ? "added" : "gap", last: number(answer[1]) };
  },
  page: async (request) => {
    const after = "after" in request;
    const answer = await run({
      script: scripts.pageEvents,
      keys: [request.log === "audit" ? keys.cluster.audit : keys.cluster.events],
      args: [
        after ? "after" : "before",
        after ? request.after : request.before,
        String(Math.min(request.limit, maxEventPage)),
      ],
    });
    const events: StoredEvent[] = [];
    for (let i = 3; i + 1 < answer.length; i += 2) {
      events.push({ id: text(answer[i]) as EventId, payload: bytes(answer[i + 1]) });
    }
    return { events, first: edge(text(answer[1])), last: edge(text(answer[2])) };
  },
});
