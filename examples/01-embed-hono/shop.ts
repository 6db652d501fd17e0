/** A Hono server with a node of Muster in it, and the operators' API and page below /ops. */
import { type BackendFactory, createHost, createMuster, isMusterError } from "@muster/core";
import { createHttp, tokens } from "@muster/http";
import { Hono } from "hono";
import { Visits, visits } from "./visits.ts";

export interface ShopOptions {
  readonly nodeId: string;
  readonly opsToken: string;
  /** Where the cluster's data is; without it, in memory. */
  readonly backend?: BackendFactory;
}

export const createShop = ({ nodeId, opsToken, backend }: ShopOptions) => {
  const muster = createMuster({
    cluster: "example-shop",
    node: { id: nodeId },
    actors: [Visits],
    // The shop's plug-ins are part of its program: any id names one that greets.
    apps: {
      host: createHost({
        load: async ({ appId }) => ({ kind: "loaded", app: appId }),
        enable: () => true,
      }),
    },
    ...(backend && { backend }),
  });

  const app = new Hono();
  app.get("/", async (c) => {
    // Synchronous, from memory: asked at every request.
    const greets = muster.apps.local("greeter")?.enabled === true;
    const visit = await muster.actor(visits, "front-page").ask.visit({});
    return c.text(`${greets ? "Welcome! " : ""}Visit ${visit}, served by ${nodeId}.\n`);
  });
  app.route(
    "/ops",
    createHttp(muster, {
      auth: tokens([{ name: "ops", role: "admin", tokens: [opsToken] }]),
    }),
  );
  app.onError((error, c) =>
    isMusterError(error) && error.retryable
      ? c.text("Busy, please try again.\n", 503)
      : c.text("Something went wrong.\n", 500),
  );
  return { app, muster };
};
