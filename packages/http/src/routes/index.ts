/** All routes: the tables that handlers, the OpenAPI document and tests are made from. */
import type { Route } from "../route.ts";
import { appRoutes } from "./apps.ts";
import { clusterRoutes } from "./cluster.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { doctorRoute } from "./doctor.ts";
import { documentRoute } from "./document.ts";
import { eventRoutes } from "./events.ts";
import { explainedRoutes } from "./explained.ts";
import { healthRoutes } from "./health.ts";
import { lossRoutes } from "./losses.ts";
import { metricsRoute } from "./metrics.ts";
import { migrationRoutes } from "./migration.ts";
import { reconcilerRoutes } from "./reconciler.ts";
import { sessionRoutes } from "./session.ts";
import { toldRoutes } from "./told.ts";
import { verifyRoute } from "./verify.ts";

const apiVersion = "0.1.0";

/** About the cluster. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  metricsRoute,
  documentRoute(() => allRoutes, apiVersion),
  ...clusterRoutes,
  ...lossRoutes,
  verifyRoute,
  doctorRoute,
  ...explainedRoutes,
  ...eventRoutes,
  ...reconcilerRoutes,
  ...deadLetterRoutes,
  ...toldRoutes,
  ...appRoutes,
  ...migrationRoutes,
];

/** With those about the caller itself. */
export const allRoutes: readonly Route[] = [...sessionRoutes, ...routes];
