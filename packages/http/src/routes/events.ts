/** What happened in the cluster, as a list and as a stream for those who accept one, and the audit. */
import type { Muster } from "@muster/core";
import { HttpProblem } from "../problem.ts";
import { defineRoute, type Route } from "../route.ts";
import { audit, auditQuery, eventHistory, eventsQuery } from "../schemas/events.ts";
import { sseResponse } from "../sse.ts";

/** Leaves out what was not given. */
const defined = <T extends object>(query: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

type Subscribed = Parameters<Muster["events"]["subscribe"]>[0];

const streamOf = (
  muster: Muster,
  asked: Subscribed,
  options: { readonly signal: AbortSignal; readonly requestId: string },
): Response => {
  return sseResponse(
    (sink) =>
      muster.events.subscribe(
        {
          ...asked,
          began: (id) => sink.place(id),
          ended: () => sink.end({ code: "STOPPED", message: "This node has stopped." }),
        },
        (item) => sink.send({ id: item.id, event: item.type, data: item }),
      ),
    options,
  );
};

export const eventRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/events",
    tag: "Cluster",
    summary: "What happened, oldest first, with the window it covers; as a stream what happens",
    role: "viewer",
    query: eventsQuery,
    answer: eventHistory,
    errors: ["BACKEND_UNAVAILABLE"],
    handle: async ({ muster, query }) => ({ body: await muster.events.history(defined(query)) }),
    stream: ({ muster, query, lastEventId, signal, requestId }) => {
      const { until, limit, since, ...filter } = defined(query);
      if (until !== undefined || limit !== undefined) {
        const message = "has no meaning for a stream";
        throw new HttpProblem("VALIDATION", `until and limit: ${message}.`, {
          fieldErrors: defined({
            until: until === undefined ? undefined : message,
            limit: limit === undefined ? undefined : message,
          }),
        });
      }
      const from = lastEventId ?? since;
      const asked = { ...filter, ...(from !== undefined && { since: from }) };
      return streamOf(muster, asked, { signal, requestId });
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/audit",
    tag: "Cluster",
    summary: "Who changed what, when and why, oldest first, with the window it covers",
    role: "viewer",
    query: auditQuery,
    answer: audit,
    errors: ["BACKEND_UNAVAILABLE"],
    handle: async ({ muster, query }) => ({ body: await muster.audit.list(defined(query)) }),
  }),
];
