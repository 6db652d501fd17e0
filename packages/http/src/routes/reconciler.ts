/** Alerts, and the reconciler that opens and closes them. */
import { defined } from "../defined.ts";
import { pageOf } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import {
  alert,
  alertParams,
  alertsQuery,
  modeBody,
  pass,
  pauseBody,
  reconcilerStatus,
} from "../schemas/reconciler.ts";
import { listOf, reasonBody } from "../schemas/shared.ts";

const changeErrors = ["BACKEND_UNAVAILABLE", "OUTCOME_UNKNOWN", "ASK_TIMEOUT"] as const;
const tag = "Cluster";

export const reconcilerRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/alerts",
    tag,
    summary: "Alerts by id, those of the last day that have closed among them",
    role: "viewer",
    query: alertsQuery,
    answer: listOf(alert),
    handle: ({ muster, query: { open, ...paging } }) => {
      const listing = muster.alerts.list(open === undefined ? {} : { open });
      const items = [...listing.items].sort((a, b) => (a.id < b.id ? -1 : 1));
      return { body: pageOf({ ...listing, items }, paging, ({ id }) => id), cacheable: true };
    },
  }),
  defineRoute({
    method: "post",
    path: "/v1/alerts/{id}/ack",
    tag,
    summary: "Takes note of an open alert",
    role: "operator",
    params: alertParams,
    body: reasonBody,
    answer: alert,
    errors: ["ALERT_NOT_FOUND", ...changeErrors],
    handle: async ({ as, params: { id }, body }) => ({ body: await as.alerts.ack(id, body) }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/reconciler",
    tag,
    summary: "Mode, leader and the last passes of the reconciler",
    role: "viewer",
    answer: reconcilerStatus,
    handle: ({ muster }) => ({ body: muster.reconciler.status(), cacheable: true }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/reconciler/run",
    tag,
    summary: "Runs a pass now, wherever the reconciler is led from",
    role: "operator",
    body: reasonBody,
    answer: pass,
    errors: changeErrors,
    handle: async ({ as, body }) => ({ body: await as.reconciler.run(body) }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/reconciler/pause",
    tag,
    summary: "Nudges nobody until then; alerts go on",
    role: "operator",
    body: pauseBody,
    answer: reconcilerStatus,
    errors: changeErrors,
    handle: async ({ as, body }) => ({ body: await as.reconciler.pause(defined(body)) }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/reconciler/resume",
    tag,
    summary: "Ends a pause or another mode",
    role: "operator",
    body: reasonBody,
    answer: reconcilerStatus,
    errors: changeErrors,
    handle: async ({ as, body }) => ({ body: await as.reconciler.resume(body) }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/reconciler/mode",
    tag,
    summary: "Sets what passes do: enforce, observe or paused",
    role: "operator",
    body: modeBody,
    answer: reconcilerStatus,
    errors: changeErrors,
    handle: async ({ as, body }) => ({ body: await as.reconciler.mode(defined(body)) }),
  }),
];
