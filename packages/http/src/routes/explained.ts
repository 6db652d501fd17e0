/** Why a shard or an actor is as it is: for whoever looks for a fault. */
import { isMusterError } from "@muster/core";
import { HttpProblem } from "../problem.ts";
import { defineRoute, type Route } from "../route.ts";
import {
  actorExplanation,
  actorParams,
  shardExplanation,
  shardParams,
} from "../schemas/explained.ts";

/** There is no actor of a kind that nobody knows; to whoever asks that is no fault of the server. */
const asNotFound = (error: unknown): never => {
  if (!isMusterError(error) || error.code !== "KIND_UNKNOWN") throw error;
  const { message, hint } = error;
  throw new HttpProblem("ACTOR_NOT_FOUND", message, hint === undefined ? {} : { hint });
};

const actorRoute = (path: string, summary: string): Route =>
  defineRoute({
    method: "get",
    path,
    tag: "Cluster",
    summary,
    role: "viewer",
    params: actorParams,
    answer: actorExplanation,
    errors: ["ACTOR_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ muster, principal, params: { kind, id } }) => {
      const options = { withState: principal.role === "admin" };
      return { body: await muster.explain.actor(kind, id, options).catch(asNotFound) };
    },
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
