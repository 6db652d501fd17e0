/** Events as people ask for them: what was, with what the answer covers, and what comes. */
import type { Node } from "./engine/node.ts";
import {
  type EventFilter,
  type EventHistory,
  type EventHistoryRequest,
  matcherOf,
  placeGiven,
  readEventLog,
} from "./event-log.ts";
import type { ClusterEvent, EventItem } from "./model/event.ts";
import type { EventStore } from "./ports/event-store.ts";

export interface EventSubscribe extends EventFilter {
  /** Id of an event to go on after, or an ISO-8601 instant to begin at. @defaultValue now */
  readonly since?: string;
  /** Called once with what to go on after, should it break off before the first event. */
  began?(id: string): void;
  /** Called once when the node has stopped and nothing more will come. */
  ended?(): void;
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

export const createEventsService = (node: Node, store: EventStore): EventsService => {
  return {
    subscribe: ({ since, began = () => {}, ended = () => {}, ...filter }, listener) => {
      const op = "events.subscribe";
      const matches = matcherOf(op, filter);
      const from = since === undefined ? "now" : placeGiven(op, "since", since);
      const refused = node.unavailable();
      // While the backend is away the subscription waits for it.
      if (refused && refused.code !== "BACKEND_UNAVAILABLE") throw refused;
      return node.events.subscribe(
        from,
        (item) =>
          item.type === "gap" || matches(item as ClusterEvent) ? listener(item) : undefined,
        { began, ended },
      );
    },
    history: (request = {}) => readEventLog(node, store, "events", "events.history", request),
  };
};
