/** Why a shard or an actor is as it is: for whoever looks for a fault. */
import { defineRoute, type Route } from "../route.ts";
import {
  actorExplanation,
  actorParams,
  shardExplanation,
  shardParams,
} from "../schemas/explained.ts";

const actorRoute = (path: string, summary: string): Route =>
  defineRoute({
    method: "get",
    path,
    tag: "Cluster",
    summary,
    role: "viewer",
    params: actorParams,
    answer: actorExplanation,
    errors: ["ACTOR_NOT_FOUND", "KIND_UNKNOWN", "BACKEND_UNAVAILABLE"],
    handle: async ({ muster, principal, params: { kind, id } }) => ({
      body: await muster.explain.actor(kind, id, { withState: principal.role === "admin" }),
    }),
  });

export const explainedRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/explain/shard/{shard}",
    tag: "Cluster",
    summary: "Who owns a shard, what waits in it, why, and what happens next",
    role: "viewer",
    params: shardParams,
    answer: shardExplanation,
    errors: ["SHARD_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ muster, params: { shard } }) => ({ body: await muster.explain.shard(shard) }),
  }),
  actorRoute("/v1/explain/actor/{kind}/{id}", "What there is of an actor, in words and figures"),
  actorRoute("/v1/actors/{kind}/{id}", "What there is of an actor; the state for admins"),
];
