/** The metrics of the node, as Prometheus reads them. */
import { z } from "zod";
import { defineRoute, type Route } from "../route.ts";

export const metricsRoute: Route = defineRoute({
  method: "get",
  path: "/metrics",
  tag: "Cluster",
  summary: "Metrics of this node in Prometheus' text format",
  role: "viewer",
  answer: z.string(),
  answerType: "text/plain",
  handle: async ({ metrics }) => ({ body: await metrics().text(), type: metrics().contentType }),
});
