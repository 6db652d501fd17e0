/**
 * The HTTP API of one node as a Hono app: reads views and sends commands, holds no rule of its own.
 * Mountable under any base path; any node answers for the whole cluster.
 */
import { randomBytes } from "node:crypto";
import { isMusterError, type Muster, type Principal } from "@muster/core";
import { type Context, Hono } from "hono";
import { type Authenticator, type CustomAuth, customAuth, noAuth } from "./auth.ts";
import { checked, readBody } from "./body.ts";
import { contentTag } from "./content-tag.ts";
import { openApiDocument } from "./openapi.ts";
import { peerOf } from "./peer.ts";
import { HttpProblem, problemOf, problemResponse } from "./problem.ts";
import type { Route, RouteAnswer } from "./route.ts";
import { appRoutes } from "./routes/apps.ts";
import { clusterRoutes } from "./routes/cluster.ts";
import { healthRoutes } from "./routes/health.ts";
import { servePage } from "./serve-page.ts";

export interface HttpOptions {
  /** `tokens([…])`, `"none"` for loopback only, or a check of the embedding server's own. */
  readonly auth: Authenticator | CustomAuth | "none";
  /** Lets `"none"` answer callers that are not on this machine. @defaultValue false */
  readonly allowPublic?: boolean;
  /** Refuses every change. @defaultValue false */
  readonly readOnly?: boolean;
  /** Longest body, in bytes. @defaultValue 262144 */
  readonly maxBodyBytes?: number;
  /** Told of errors that are not the caller's. */
  onError?(error: unknown, requestId: string): void;
}

type HttpEnv = { Bindings: Record<string, unknown>; Variables: { requestId: string } };

const apiVersion = "0.1.0";
const routes: readonly Route[] = [...healthRoutes, ...clusterRoutes, ...appRoutes];

const authenticatorOf = ({ auth, allowPublic = false }: HttpOptions): Authenticator => {
  if (auth === "none") return noAuth(allowPublic);
  if (typeof auth === "function") return customAuth(auth);
  if (typeof auth?.authenticate === "function") return auth;
  throw new TypeError('createHttp needs auth: tokens([…]), a function, or "none" said outright.');
};

const requestIdOf = (header: string | undefined): string =>
  header !== undefined && /^[\w.:-]{1,128}$/.test(header)
    ? header
    : randomBytes(12).toString("base64url");

const rank = { viewer: 0, operator: 1, admin: 2 } as const;

const requireRole = (principal: Principal, route: Route): void => {
  if (route.role === "public" || rank[principal.role] >= rank[route.role]) return;
  throw new HttpProblem(
    "FORBIDDEN",
    `This needs the role ${route.role}; "${principal.name}" has ${principal.role}.`,
    { outcome: "not-applied" },
  );
};

/** A page of another site must not act with what a browser of an operator is allowed. */
const refuseCrossSite = (request: Request): void => {
  if (request.headers.get("authorization")?.toLowerCase().startsWith("bearer ")) return;
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  if (site === "same-origin" || (site === null && origin === null)) return;
  throw new HttpProblem("CROSS_SITE", "Changes from a browser must come from this page itself.", {
    outcome: "not-applied",
  });
};

const idempotencyKeyOf = (request: Request): { idempotencyKey?: string } => {
  const key = request.headers.get("idempotency-key");
  if (key === null) return {};
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return { idempotencyKey: key };
  throw new HttpProblem("VALIDATION", "The Idempotency-Key is not valid.", {
    fieldErrors: { "Idempotency-Key": "must be 1 to 255 printable characters without spaces" },
    outcome: "not-applied",
  });
};

const respond = (request: Request, answer: RouteAnswer, requestId: string): Response => {
  const text = JSON.stringify(answer.body);
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": answer.cacheable ? "no-cache" : "no-store",
    "x-request-id": requestId,
    "x-content-type-options": "nosniff",
  };
  if (answer.cacheable) {
    headers["etag"] = contentTag(text);
    if (request.headers.get("if-none-match") === headers["etag"]) {
      return new Response(null, { status: 304, headers });
    }
  }
  return new Response(text, { status: answer.status ?? 200, headers });
};

/**
 * Makes the API, with the page at its root.
 * @throws TypeError when `auth` is missing: no mount without a decision
 */
export const createHttp = (muster: Muster, options: HttpOptions): Hono<HttpEnv> => {
  const { readOnly = false, maxBodyBytes = 262_144 } = options;
  const { authenticate } = authenticatorOf(options);

  const handle = async (route: Route, c: Context<HttpEnv>): Promise<Response> => {
    const { raw: request } = c.req;
    const nobody: Principal = { name: "nobody", role: "viewer" };
    let principal = nobody;
    if (route.role !== "public") {
      principal = await authenticate(request, peerOf(c.env, request), c.env);
      requireRole(principal, route);
    }
    if (route.method !== "get") {
      refuseCrossSite(request);
      if (readOnly) {
        throw new HttpProblem("READ_ONLY", "This mount answers questions only.", {
          outcome: "not-applied",
        });
      }
    }
    const params = route.params ? checked(route.params, c.req.param(), "The path") : {};
    const query = route.query ? checked(route.query, c.req.query(), "The query") : {};
    const body = route.body ? await readBody(request, route.body, maxBodyBytes) : {};
    const answer = await route.handle({
      muster,
      principal,
      as: muster.as(principal),
      params: params as never,
      query: query as never,
      body: body as never,
      idempotencyKey: idempotencyKeyOf(request),
    });
    return respond(request, answer, c.get("requestId"));
  };

  const app = new Hono<HttpEnv>();
  app.use("*", async (c, next) => {
    c.set("requestId", requestIdOf(c.req.header("x-request-id")));
    await next();
  });
  for (const route of routes) {
    app[route.method](route.path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => handle(route, c));
  }
  app.get("/openapi.json", (c) =>
    respond(
      c.req.raw,
      { body: openApiDocument(routes, apiVersion), cacheable: true },
      c.get("requestId"),
    ),
  );
  app.get("/", (c) => servePage(c.req.raw));
  app.all("*", (c) => notFound(c));
  app.onError((error, c) => {
    const requestId = c.get("requestId") ?? requestIdOf(undefined);
    if (!(error instanceof HttpProblem) && !isMusterError(error)) {
      options.onError?.(error, requestId);
    }
    return problemOf(error, requestId);
  });
  return app;
};

const methodsAt = (path: string): readonly string[] =>
  routes
    .filter((route) => new RegExp(`${route.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .map((route) => route.method.toUpperCase());

const notFound = (c: Context<HttpEnv>): Response => {
  const requestId = c.get("requestId");
  const { method, path } = c.req;
  const allowed = methodsAt(path);
  if (allowed.length > 0) {
    const allow = allowed.join(", ");
    return problemResponse("METHOD_NOT_ALLOWED", `${path} answers ${allow} only.`, requestId, {
      headers: { allow },
    });
  }
  return problemResponse(
    "ROUTE_NOT_FOUND",
    `${method} ${path.slice(0, 200)} is no route.`,
    requestId,
    {
      hint: "openapi.json lists the routes there are.",
    },
  );
};
