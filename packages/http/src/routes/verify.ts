/** Is all that is stored as it should be? */
import { defineRoute, type Route } from "../route.ts";
import { verifyReport } from "../schemas/verify.ts";

export const verifyRoute: Route = defineRoute({
  method: "get",
  path: "/v1/verify",
  tag: "Cluster",
  summary: "Reads the whole cluster and checks its invariants; writes nothing",
  role: "operator",
  answer: verifyReport,
  errors: ["BACKEND_UNAVAILABLE"],
  handle: async ({ muster }) => ({ body: await muster.verify() }),
});
