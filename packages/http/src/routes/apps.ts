/** Apps: what is wanted, what each node has, and the changes of intent. */
import type { AppFilter } from "@muster/core";
import { unlessStale } from "../fresh.ts";
import { pageOf } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import { app, appChange, appNow, appRow, appsQuery, installBody } from "../schemas/apps.ts";
import { idParams, listOf, page, reasonBody } from "../schemas/shared.ts";

/** What every change of an app may end with, beside what is its own. */
const changeErrors = [
  "IDEMPOTENCY_CONFLICT",
  "MAILBOX_FULL",
  "BACKEND_UNAVAILABLE",
  "OUTCOME_UNKNOWN",
  "ASK_TIMEOUT",
] as const;

const changeRoute = (verb: "enable" | "disable", summary: string): Route =>
  defineRoute({
    method: "post",
    path: `/v1/apps/{id}/${verb}`,
    tag: "Apps",
    summary,
    role: "operator",
    params: idParams,
    body: reasonBody,
    answer: appChange,
    errors: ["APP_NOT_FOUND", ...changeErrors],
    handle: async ({ as, params, body, idempotencyKey }) => ({
      body: await as.apps[verb](params.id, { ...body, ...idempotencyKey }),
    }),
  });

export const appRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/apps",
    tag: "Apps",
    summary: "All apps, by id",
    role: "viewer",
    query: appsQuery,
    answer: listOf(app),
    handle: ({ muster, query: { limit, cursor, include, ...filters } }) => {
      const filter = Object.fromEntries(
        Object.entries(filters).filter(([, value]) => value !== undefined),
      ) as AppFilter;
      const listing = muster.apps.list({ ...filter, withNodes: include === "nodes" });
      return { body: pageOf(listing, { limit, cursor }, ({ id }) => id), cacheable: true };
    },
  }),
  defineRoute({
    method: "post",
    path: "/v1/apps",
    tag: "Apps",
    summary: "Installs an app",
    role: "operator",
    body: installBody,
    answer: app,
    status: 201,
    errors: ["APP_EXISTS", ...changeErrors],
    handle: async ({ as, body, idempotencyKey }) => {
      const { desiredStatus, settings, ref, ...rest } = body;
      const installed = await as.apps.install({
        ...rest,
        ...(ref !== undefined && { ref }),
        ...(desiredStatus !== undefined && { desiredStatus }),
        ...(settings !== undefined && { settings }),
        ...idempotencyKey,
      });
      return { status: installed.changed ? 201 : 200, body: installed.app };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/apps/{id}",
    tag: "Apps",
    summary: "One app with its rows",
    role: "viewer",
    params: idParams,
    answer: appNow,
    errors: ["APP_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: ({ muster, params }) => {
      const { asOf, stale } = muster.apps.list({ q: params.id });
      const found = unlessStale(stale, () => muster.apps.get(params.id));
      return { body: { ...found, asOf, stale }, cacheable: true };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/apps/{id}/status",
    tag: "Apps",
    summary: "What each node has of the app, and why",
    role: "viewer",
    params: idParams,
    query: page,
    answer: listOf(appRow),
    errors: ["APP_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: ({ muster, params, query }) => {
      const { stale } = muster.apps.list({ q: params.id });
      const rows = unlessStale(stale, () => muster.apps.rows(params.id));
      return { body: pageOf(rows, query, ({ nodeId }) => nodeId), cacheable: true };
    },
  }),
  changeRoute("enable", "Sets the desired status to enabled"),
  changeRoute("disable", "Sets the desired status to disabled"),
];
