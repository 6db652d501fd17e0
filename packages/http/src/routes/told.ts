/** Told in words: why an app is as it is, what differs, and whether what one waits for has come. */
import type { Muster, WaitCondition } from "@muster/core";
import { defined } from "../defined.ts";
import { appsFreshness, unlessStale } from "../fresh.ts";
import { pageOf } from "../paging.ts";
import { HttpProblem } from "../problem.ts";
import { defineRoute, type Route } from "../route.ts";
import { idParams, listOf, page } from "../schemas/shared.ts";
import {
  appDiff,
  appHistory,
  appWaitQuery,
  compareQuery,
  explanation,
  historyQuery,
  nodeDifference,
  reconcileAllBody,
  reconcileAnswer,
  reconcileBody,
  waitAnswer,
  waitQuery,
} from "../schemas/told.ts";

const defaultWaitMs = 30_000;
const waitErrors = ["WAIT_TIMEOUT", "TERMINAL", "SUPERSEDED", "OBSERVED"] as const;

const ofGeneration = (condition: WaitCondition, generation: number | undefined): WaitCondition =>
  condition.kind === "app" && generation !== undefined ? { ...condition, generation } : condition;

/** @throws HttpProblem `BACKEND_UNAVAILABLE`: nodes cannot be asked, nor is known what they have */
const refuseWhileAway = (muster: Muster): void => {
  if (!muster.nodes.list().stale) return;
  throw new HttpProblem("BACKEND_UNAVAILABLE", "This node cannot reach the others now.", {
    hint: "Ask again when it can, or ask another node.",
    retryAfterMs: 1_000,
  });
};

export const toldRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/apps/compare",
    tag: "Apps",
    summary: "Apps that two nodes have differently",
    role: "viewer",
    query: compareQuery,
    answer: listOf(nodeDifference),
    errors: ["NODE_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: ({ muster, query: { a, b, ...paging } }) => {
      const { stale } = muster.nodes.list();
      const listing = unlessStale(stale, () => muster.apps.compare(a, b));
      return { body: pageOf(listing, paging, ({ appId }) => appId), cacheable: true };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/apps/diff",
    tag: "Apps",
    summary: "What each node would have to change to agree; writes nothing",
    role: "viewer",
    query: page,
    answer: listOf(appDiff),
    handle: ({ muster, query }) => ({
      body: pageOf(muster.apps.diff(), query, ({ appId, nodeId }) => `${appId}/${nodeId}`),
      cacheable: true,
    }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/apps/reconcile",
    tag: "Apps",
    summary: "Asks nodes to try many apps now; one item per app and node",
    role: "operator",
    body: reconcileAllBody,
    answer: reconcileAnswer,
    errors: ["APP_NOT_FOUND", "NODE_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, muster, body }) => {
      refuseWhileAway(muster);
      return { body: { items: await as.apps.reconcileAll(defined(body)) } };
    },
  }),
  defineRoute({
    method: "post",
    path: "/v1/apps/{id}/reconcile",
    tag: "Apps",
    summary: "Asks nodes to try an app now, and tells what each made of it",
    role: "operator",
    params: idParams,
    body: reconcileBody,
    answer: reconcileAnswer,
    errors: ["APP_NOT_FOUND", "NODE_NOT_FOUND", "APP_PAUSED", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, muster, params: { id }, body }) => {
      refuseWhileAway(muster);
      return { body: { items: await as.apps.reconcile(id, defined(body)) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/apps/{id}/wait",
    tag: "Apps",
    summary: "Answers when the app is as waited for; 504 names who blocks",
    role: "viewer",
    params: idParams,
    query: appWaitQuery,
    answer: waitAnswer,
    errors: ["APP_NOT_FOUND", ...waitErrors, "BACKEND_UNAVAILABLE"],
    handle: async ({ muster, params: { id }, query, signal }) => {
      const state = query.for ?? "converged";
      if (state !== "gone") {
        const { stale } = appsFreshness(muster);
        unlessStale(stale, () => muster.apps.get(id));
      }
      const condition = ofGeneration({ kind: "app", id, state }, query.generation);
      const timeoutMs = query.timeoutMs ?? defaultWaitMs;
      return { body: await muster.wait(condition, { timeoutMs, signal }) };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/wait",
    tag: "Cluster",
    summary: "Answers when a condition holds; 504 names who blocks",
    role: "viewer",
    query: waitQuery,
    answer: waitAnswer,
    errors: [...waitErrors],
    handle: async ({ muster, query, signal }) => {
      const condition = ofGeneration(query.for, query.generation);
      const timeoutMs = query.timeoutMs ?? defaultWaitMs;
      return { body: await muster.wait(condition, { timeoutMs, signal }) };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/explain/app/{id}",
    tag: "Cluster",
    summary: "Why an app is as it is on each node, what happens next and what to run",
    role: "viewer",
    params: idParams,
    answer: explanation,
    errors: ["APP_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: ({ muster, params: { id } }) => {
      const { stale } = appsFreshness(muster);
      return { body: unlessStale(stale, () => muster.apps.explain(id)), cacheable: true, stale };
    },
  }),
  defineRoute({
    method: "get",
    path: "/v1/apps/{id}/history",
    tag: "Apps",
    summary: "What was wanted of the app, and what became of it on each node, oldest first",
    role: "viewer",
    params: idParams,
    query: historyQuery,
    answer: appHistory,
    errors: ["APP_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ muster, params, query }) => ({
      body: await muster.apps.history(params.id, defined(query)),
    }),
  }),
];
