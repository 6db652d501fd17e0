/** The verdict, nodes and shards. */
import { appsFreshness, unlessStale } from "../fresh.ts";
import { pageOf } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import { appStatusReport } from "../schemas/apps.ts";
import { clusterStatus, node, nodeNow, shard } from "../schemas/cluster.ts";
import { idParams, listOf, page, reasonBody } from "../schemas/shared.ts";

const cordonRoute = (verb: "drain" | "undrain", summary: string): Route =>
  defineRoute({
    method: "post",
    path: `/v1/nodes/{id}/${verb}`,
    tag: "Cluster",
    summary,
    role: "admin",
    params: idParams,
    body: reasonBody,
    answer: node,
    errors: ["NODE_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, params, body }) => ({ body: await as.nodes[verb](params.id, body) }),
  });

export const clusterRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/status",
    tag: "Cluster",
    summary: "The verdict on the cluster, its reasons, and counts",
    role: "viewer",
    answer: clusterStatus,
    handle: ({ muster }) => ({ body: muster.status(), cacheable: true }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/status/apps",
    tag: "Cluster",
    summary: "Desired status and init status of each app on each node",
    role: "viewer",
    answer: appStatusReport,
    handle: ({ muster }) => {
      const { stale } = appsFreshness(muster);
      return { body: muster.apps.report(), cacheable: true, stale };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/nodes",
    tag: "Cluster",
    summary: "All nodes known, by id",
    role: "viewer",
    query: page,
    answer: listOf(node),
    handle: ({ muster, query }) => ({
      body: pageOf(muster.nodes.list(), query, ({ id }) => id),
      cacheable: true,
    }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/nodes/{id}",
    tag: "Cluster",
    summary: "One node",
    role: "viewer",
    params: idParams,
    answer: nodeNow,
    errors: ["NODE_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: ({ muster, params }) => {
      const { asOf, stale } = muster.nodes.list();
      const found = unlessStale(stale, () => muster.nodes.get(params.id));
      return { body: { ...found, asOf, stale }, cacheable: true };
    },
  }),
  cordonRoute("drain", "Keeps shards away from a node; its apps keep running"),
  cordonRoute("undrain", "Lets a node take shards again"),
  defineRoute({
    method: "get",
    path: "/v1/shards",
    tag: "Cluster",
    summary: "Owner, epoch, commit sequence and waiting messages of each shard",
    role: "viewer",
    query: page,
    answer: listOf(shard),
    errors: ["BACKEND_UNAVAILABLE"],
    handle: async ({ muster, query }) => ({
      body: pageOf(await muster.shards.list(), query, (item) =>
        String(item.shard).padStart(5, "0"),
      ),
    }),
  }),
];
