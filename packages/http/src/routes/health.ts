/** Is the process up, and may it get traffic? Public, and without content. */
import { z } from "zod";
import { defineRoute, type Route } from "../route.ts";

const probe = z.object({ status: z.string() });

export const healthRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/healthz",
    tag: "Health",
    summary: "The process is up",
    role: "public",
    answer: probe,
    handle: () => ({ body: { status: "ok" } }),
  }),
  defineRoute({
    method: "get",
    path: "/readyz",
    tag: "Health",
    summary: "The node has joined and loaded its views; stays ready while Redis is away",
    role: "public",
    query: z.strictObject({ require: z.literal("redis", "can only be redis").optional() }),
    answer: probe,
    handle: ({ muster, query }) => {
      if (muster.state === "stopping" || muster.state === "stopped") {
        return { status: 503, body: { status: "stopping" } };
      }
      if (!muster.ready) return { status: 503, body: { status: "starting" } };
      const { verdict, redis, stale } = muster.status();
      const away = redis.state !== "connected" || (verdict === "unknown" && stale);
      if (!away) return { body: { status: "ready" } };
      return { status: query.require === "redis" ? 503 : 200, body: { status: "unknown" } };
    },
  }),
];
