/** Data that Redis lost: what the nodes found missing, and who has seen it. */
import { pageOf } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import { loss } from "../schemas/cluster.ts";
import { idParams, listOf, page, reasonBody } from "../schemas/shared.ts";

export const lossRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/losses",
    tag: "Cluster",
    summary: "Data that was acknowledged and is gone, by shard; acknowledged findings too",
    role: "viewer",
    query: page,
    answer: listOf(loss),
    handle: ({ muster, query }) => ({
      body: pageOf(muster.losses.list(), query, ({ id }) => id),
      cacheable: true,
    }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/losses/{id}/ack",
    tag: "Cluster",
    summary: "Acknowledges one finding of lost data, or `all` that are open",
    role: "operator",
    params: idParams,
    body: reasonBody,
    answer: listOf(loss).pick({ items: true }),
    errors: ["LOSS_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, params, body }) => ({ body: await as.losses.ack(params.id, body) }),
  }),
];
