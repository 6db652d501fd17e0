/**
 * The HTTP API of one node as a Hono app: reads views and sends commands, holds no rule of its own.
 * Mountable under any base path; any node answers for the whole cluster.
 */
import type { Muster, Principal } from "@muster/core";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type Authenticator, authenticatorOf, type CustomAuth } from "./auth.ts";
import { readBody } from "./body.ts";
import { idempotencyKeyOf, refuseCrossSite } from "./change-checks.ts";
import { checked, checkedQuery } from "./checked.ts";
import { readLines, wantsLines } from "./lines.ts";
import { createMetrics, type Metrics, type MetricsOptions } from "./metrics/create-metrics.ts";
import { methodNotAllowed, methodsOf, routeNotFound } from "./not-found.ts";
import { peerOf } from "./peer.ts";
import { HttpProblem, isCallersFault, problemOf } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { respond } from "./respond.ts";
import { requireRole } from "./role.ts";
import type { Route } from "./route.ts";
import { allRoutes } from "./routes/index.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { servePage } from "./serve-page.ts";
import { keepOpen, wantsStream } from "./sse.ts";

export interface HttpOptions {
  /** `tokens([…])`, `"none"` for loopback only, or a check of the embedding server's own. */
  readonly auth: Authenticator | CustomAuth | "none";
  /** Lets `"none"` answer callers that are not on this machine. @defaultValue false */
  readonly allowPublic?: boolean;
  /** Refuses every change. @defaultValue false */
  readonly readOnly?: boolean;
  /** Longest body, in bytes. @defaultValue 262144 */
  readonly maxBodyBytes?: number;
  /** What `GET /metrics` shows; `false`: there is no such route here. */
  readonly metrics?: MetricsOptions | false;
  /** Told of errors that are not the caller's. */
  onError?(error: unknown, requestId: string): void;
}

type HttpEnv = { Bindings: Record<string, unknown>; Variables: { requestId: string } };

const nobody: Principal = Object.freeze({ name: "nobody", role: "viewer" });
const nothing = z.strictObject({});

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** Below another app `/` is the address without its last slash, and one empty segment that with it. */
const roots = ["/", "/:root{(?:)}"] as const;

/** Longer delays are taken for none by the machine. */
const longestDelayMs = 2 ** 31 - 1;

/** Ends with the session that the caller is known by. */
const whileKnown = (signal: AbortSignal, leftMs: number | undefined): AbortSignal =>
  leftMs === undefined
    ? signal
    : AbortSignal.any([signal, AbortSignal.timeout(Math.min(leftMs, longestDelayMs))]);

/** Paths with their methods; those without parameters first: `/v1/apps/diff` is no app's. */
const pathsOf = (table: readonly Route[]) =>
  [...methodsOf(table)].sort(([a], [b]) => Number(a.includes("{")) - Number(b.includes("{")));

/** Parameters of the route itself; those of the path it is mounted under are the mount's. */
const ownParams = (route: Route, c: Context): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.keys(route.params?.shape ?? {}).map((name) => [name, c.req.param(name)]),
  );

/**
 * Makes the API, with the page at its root.
 * @throws TypeError when `auth` is missing: no mount without a decision
 */
export const createHttp = (muster: Muster, options: HttpOptions): Hono<HttpEnv> => {
  const authenticator = authenticatorOf("createHttp", options);
  const { sessions } = authenticator;
  const { readOnly = false, allowPublic = false, maxBodyBytes = 262_144 } = options;
  const authKind = options.auth === "none" ? "none" : sessions ? "tokens" : "own";
  const served = allRoutes.filter((route) => route !== metricsRoute || options.metrics !== false);
  let metrics: Metrics | undefined;
  // Given a registry, they are to be there from the start.
  const metricsOf = (): Metrics => {
    metrics ??= createMetrics(muster, options.metrics || {});
    return metrics;
  };
  if (options.metrics && options.metrics.registry !== undefined) metricsOf();

  const principalOf = async (route: Route, c: Context<HttpEnv>): Promise<Principal> => {
    if (route.role === "public") return nobody;
    const { raw } = c.req;
    const principal = await authenticator.authenticate(raw, peerOf(c.env, raw), c.env);
    requireRole(principal, route);
    return principal;
  };

  const handle = async (route: Route, c: Context<HttpEnv>): Promise<Response> => {
    const { raw: request } = c.req;
    const isChange = route.method !== "get";
    const principal = await principalOf(route, c);
    if (isChange) {
      refuseCrossSite(request, sessions?.of(request) !== undefined);
      if (readOnly && !route.ofCaller)
        throw new HttpProblem("READ_ONLY", "This mount answers questions only.");
    }
    const params = route.params ? checked(route.params, ownParams(route, c), "The path") : {};
    const query = checkedQuery(route.query ?? nothing, request.url);
    if (route.stream && wantsStream(request)) {
      keepOpen(c.env, request);
      return route.stream({
        muster,
        query: query as never,
        signal: whileKnown(request.signal, sessions?.of(request)?.leftMs),
        lastEventId: request.headers.get("last-event-id") ?? undefined,
        requestId: c.get("requestId"),
      });
    }
    if (route.lines && wantsLines(request)) {
      keepOpen(c.env, request);
      return await route.lines({
        muster,
        as: muster.as(principal),
        query: query as never,
        lines: readLines(request, c.env),
        requestId: c.get("requestId"),
      });
    }
    const limit = route.maxBodyBytes ?? maxBodyBytes;
    const bare = route.bodyOptional && request.headers.get("content-type") === null;
    const body = route.body && !bare ? await readBody(request, c.env, route.body, limit) : {};
    const answer = await route.handle({
      muster,
      principal,
      signal: request.signal,
      as: muster.as(principal),
      params: params as never,
      query: query as never,
      body: body as never,
      idempotencyKey: isChange ? idempotencyKeyOf(request) : {},
      metrics: metricsOf,
      door: {
        request,
        peer: peerOf(c.env, request),
        sessions,
        readOnly,
        auth: authKind,
        allowPublic,
      },
    });
    return respond(request, answer, c.get("requestId"));
  };

  /** A listener that fails must not keep the caller from an answer. */
  const tell = (error: unknown, requestId: string): void => {
    try {
      options.onError?.(error, requestId);
    } catch {}
  };

  const failed = (error: unknown, c: Context<HttpEnv>): Response => {
    const requestId = c.get("requestId") ?? requestIdOf(undefined);
    if (!isCallersFault(error) && !c.req.raw.signal.aborted) tell(error, requestId);
    const { method } = c.req;
    return problemOf(error, requestId, { isChange: method !== "GET" && method !== "HEAD" });
  };

  const app = new Hono<HttpEnv>();
  app.use("*", async (c, next) => {
    c.set("requestId", requestIdOf(c.req.header("x-request-id")));
    await next();
  });
  for (const root of roots) {
    app.get(root, (c) => servePage(c.req.raw));
    app.all(root, (c) => methodNotAllowed(c.req.path, ["GET", "HEAD"], c.get("requestId")));
  }
  for (const [path, methods] of pathsOf(served)) {
    for (const route of served.filter((candidate) => candidate.path === path)) {
      app[route.method](honoPath(path), async (c) => {
        // Caught here, since Hono lets pass what was thrown and is no Error.
        try {
          return await handle(route, c);
        } catch (error) {
          return failed(error, c);
        }
      });
    }
    app.all(honoPath(path), (c) => methodNotAllowed(c.req.path, methods, c.get("requestId")));
  }
  app.all("*", (c) => routeNotFound(c.req.method, c.req.path, c.get("requestId")));
  app.onError(failed);
  return app;
};
