/** Apps: what is wanted, what each node has, and the changes of intent. */
import type { AppChanged, AppFilter, AppsChanges } from "@muster/core";
import type { z } from "zod";
import { appsFreshness, unlessStale } from "../fresh.ts";
import { pageBounds, pageOf } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import {
  app,
  appChange,
  appNow,
  appRow,
  appsQuery,
  holdBody,
  installBody,
  licenceBody,
  manageBody,
  settingsBody,
  uninstallQuery,
  updateBody,
} from "../schemas/apps.ts";
import { idParams, listOf, page, reasonBody } from "../schemas/shared.ts";

/** What every change of an app may end with, beside what is its own. */
const changeErrors = [
  "IDEMPOTENCY_CONFLICT",
  "MAILBOX_FULL",
  "BACKEND_UNAVAILABLE",
  "OUTCOME_UNKNOWN",
  "ASK_TIMEOUT",
] as const;

/** A change of one app that is there, made by the service of the same name. */
const changeRoute = <B extends z.ZodObject>(
  verb: string,
  {
    summary,
    body: schema,
    change,
    errors = [],
  }: {
    readonly summary: string;
    readonly body: B;
    readonly errors?: readonly string[];
    change(
      apps: AppsChanges,
      id: string,
      body: z.output<B> & { readonly idempotencyKey?: string },
    ): Promise<AppChanged>;
  },
): Route =>
  defineRoute({
    method: "post",
    path: `/v1/apps/{id}/${verb}`,
    tag: "Apps",
    summary,
    role: "operator",
    params: idParams,
    body: schema as z.ZodObject,
    answer: appChange,
    errors: ["APP_NOT_FOUND", ...errors, ...changeErrors],
    handle: async ({ as, params, body, idempotencyKey }) => ({
      body: await change(as.apps, params.id, { ...(body as z.output<B>), ...idempotencyKey }),
    }),
  });

const held = ({ owner, ...rest }: z.output<typeof holdBody>) => ({
  ...rest,
  ...(owner !== undefined && { owner }),
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
      const bounds = pageBounds({ limit, cursor });
      const listing = muster.apps.list({ ...filter, ...bounds, withNodes: include === "nodes" });
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
    errors: ["APP_EXISTS", "APP_UNINSTALLING", ...changeErrors],
    handle: async ({ as, body, idempotencyKey }) => {
      const { desiredStatus, licence, settings, ref, ...rest } = body;
      const installed = await as.apps.install({
        ...rest,
        ...(ref !== undefined && { ref }),
        ...(desiredStatus !== undefined && { desiredStatus }),
        ...(settings !== undefined && { settings }),
        ...(typeof licence === "string" && { licence }),
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
      const { asOf, stale } = appsFreshness(muster);
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
      const { stale } = appsFreshness(muster);
      const rows = unlessStale(stale, () => muster.apps.rows(params.id));
      return { body: pageOf(rows, query, ({ nodeId }) => nodeId), cacheable: true };
    },
  }),
  changeRoute("enable", {
    summary: "Sets the desired status to enabled",
    body: reasonBody,
    change: (apps, id, body) => apps.enable(id, body),
  }),
  changeRoute("disable", {
    summary: "Sets the desired status to disabled",
    body: reasonBody,
    change: (apps, id, body) => apps.disable(id, body),
  }),
  changeRoute("update", {
    summary: "Replaces the version; the desired status is left as it is",
    body: updateBody,
    change: (apps, id, { canary, ref, ...body }) =>
      apps.update(id, {
        ...body,
        ...(canary !== undefined && { canary }),
        ...(ref !== undefined && { ref }),
      }),
  }),
  changeRoute("rollback", {
    summary: "Goes back to the version before the last update",
    body: reasonBody,
    errors: ["NO_PREVIOUS_VERSION"],
    change: (apps, id, body) => apps.rollback(id, body),
  }),
  defineRoute({
    method: "delete",
    path: "/v1/apps/{id}",
    tag: "Apps",
    summary: "Uninstalls an app: torn down on every node, then purged once",
    role: "operator",
    params: idParams,
    query: uninstallQuery,
    answer: appChange,
    errors: ["APP_NOT_FOUND", "APP_PAUSED", ...changeErrors],
    handle: async ({ as, params, query: { force, reason }, idempotencyKey }) => {
      const given = { reason, ...(force !== undefined && { force }), ...idempotencyKey };
      return { body: await as.apps.uninstall(params.id, given) };
    },
  }),
  changeRoute("settings", {
    summary: "Replaces the settings; running apps get them without a restart where they can",
    body: settingsBody,
    change: (apps, id, body) => apps.settings(id, body),
  }),
  changeRoute("licence", {
    summary: "Gives the licence, or takes it away; every node checks it at once",
    body: licenceBody,
    change: (apps, id, body) => apps.licence(id, body),
  }),
  changeRoute("manage", {
    summary: "Says whether nodes act on the app or only report what they see",
    body: manageBody,
    change: (apps, id, body) => apps.manage(id, body),
  }),
  changeRoute("pause", {
    summary: "Nodes go on with what they have until then; what was missed is done afterwards",
    body: holdBody,
    change: (apps, id, body) => apps.pause(id, held(body)),
  }),
  changeRoute("resume", {
    summary: "Ends a pause before its time",
    body: reasonBody,
    change: (apps, id, body) => apps.resume(id, body),
  }),
  changeRoute("ack-drift", {
    summary: "Somebody answers for the drift there is until then; other drift counts",
    body: holdBody,
    errors: ["NO_DRIFT"],
    change: (apps, id, body) => apps.ackDrift(id, held(body)),
  }),
];
