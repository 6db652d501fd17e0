/**
 * The app API of a server that kept one status for each app, for clients that cannot be changed. An
 * app of its own, to be mounted at `/api/apps` beside the main API; what it changes is intent like
 * any other, with the reason `legacy API`.
 */
import type { AppSummary, Muster, Principal } from "@muster/core";
import { type Context, Hono } from "hono";
import { type Authenticator, authenticatorOf, type CustomAuth } from "../auth.ts";
import { idempotencyKeyOf, refuseCrossSite } from "../change-checks.ts";
import { defined } from "../defined.ts";
import { peerOf } from "../peer.ts";
import { HttpProblem, isCallersFault } from "../problem.ts";
import { requestIdOf } from "../request-id.ts";
import { roleRank } from "../role.ts";
import { fail, failedWith, noApp, succeed } from "./legacy-answer.ts";
import {
  clusterStatus,
  findApp,
  infoOf,
  type LegacyAppInfo,
  ownStatus,
  settledStatus,
} from "./legacy-app.ts";
import { type LegacyBody, type LegacyUpload, readLegacyBody } from "./legacy-body.ts";

/** What an old client names instead of an app and its version. */
export type LegacySource =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "upload"; readonly file: Uint8Array; readonly name: string };

/** A package that the server has taken in, as its host finds it. */
export interface LegacyPackage {
  readonly id: string;
  readonly version: string;
  readonly ref?: string;
}

export interface CompatOptions {
  /**
   * As for `createHttp`. A token may come as `X-Auth-Token` too, as old clients send it; their
   * `X-User-Id` is passed over.
   */
  readonly auth: Authenticator | CustomAuth | "none";
  /** Lets `"none"` answer callers that are not on this machine. @defaultValue false */
  readonly allowPublic?: boolean;
  /** Refuses every change. @defaultValue false */
  readonly readOnly?: boolean;
  /** Longest body but for uploads, in bytes. @defaultValue 262144 */
  readonly maxBodyBytes?: number;
  /** Longest upload, in bytes. @defaultValue 33554432 */
  readonly maxUploadBytes?: number;
  /** How long a change waits for what comes of it on this node, in milliseconds. @defaultValue 5000 */
  readonly waitMs?: number;
  /** Adds what the server knows of an app: its name, description, author … */
  describe?(app: AppSummary): LegacyAppInfo;
  /**
   * Takes in a package that a client uploads or names by its address: Muster carries references,
   * never bytes. Without it only installs by id and version are answered.
   */
  takePackage?(source: LegacySource, caller: Principal): Promise<LegacyPackage>;
  /** Told of errors that are not the caller's. */
  onError?(error: unknown, requestId: string): void;
}

type Env = { Bindings: Record<string, unknown>; Variables: { requestId: string } };
type Role = Principal["role"];
interface Call {
  readonly caller: Principal;
  readonly id: string;
  readonly request: Request;
  readonly requestId: string;
  readonly url: URL;
  readonly env: unknown;
  /** What goes with each change. */
  readonly change: { readonly reason: string; readonly idempotencyKey?: string };
}

const reason = "legacy API";
const on: ReadonlySet<string> = new Set(["manually_enabled", "auto_enabled"]);
const off: ReadonlySet<string> = new Set(["manually_disabled", "disabled"]);
const roots = ["/", "/:root{(?:)}"] as const;

const textAt = (body: LegacyBody, key: string): string | undefined => {
  const value = body[key];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** Old clients send their token in a header of its own; to the check it is a bearer like any other. */
const withBearer = (request: Request): Request => {
  const token = request.headers.get("x-auth-token");
  if (token === null || request.headers.has("authorization")) return request;
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${token}`);
  return new Request(request.url, { method: request.method, headers });
};

/**
 * Makes the legacy app API.
 * @throws TypeError when `auth` is missing: no mount without a decision
 */
export const createRocketChatCompat = (muster: Muster, options: CompatOptions): Hono<Env> => {
  const authenticator = authenticatorOf("createRocketChatCompat", options);
  const { maxBodyBytes = 262_144, maxUploadBytes = 33_554_432, readOnly, waitMs = 5_000 } = options;
  const isCustom = typeof options.auth === "function";

  const shown = (app: AppSummary): LegacyAppInfo => ({
    ...infoOf(app),
    ...options.describe?.(app),
    status: ownStatus(app.nodes ?? []),
  });

  const answerFor =
    (role: Role, handle: (call: Call) => Promise<Response> | Response) =>
    async (c: Context<Env>): Promise<Response> => {
      const { raw } = c.req;
      const requestId = c.get("requestId");
      try {
        const request = isCustom ? raw : withBearer(raw);
        const caller = await authenticator.authenticate(request, peerOf(c.env, raw), c.env);
        if (roleRank[caller.role] < roleRank[role]) {
          const needs = `This needs the role ${role}; "${caller.name}" has ${caller.role}.`;
          throw new HttpProblem("FORBIDDEN", needs);
        }
        if (role !== "viewer") {
          refuseCrossSite(request, authenticator.sessions?.of(request) !== undefined);
          if (readOnly) throw new HttpProblem("READ_ONLY", "This mount answers questions only.");
        }
        const change = { reason, ...(role === "viewer" ? {} : idempotencyKeyOf(raw)) };
        const id = c.req.param("id") ?? "";
        const url = new URL(raw.url);
        return await handle({ caller, change, env: c.env, id, request: raw, requestId, url });
      } catch (error) {
        if (!isCallersFault(error) && !raw.signal.aborted) tell(error, requestId);
        return failedWith(error, requestId);
      }
    };

  const tell = (error: unknown, requestId: string): void => {
    try {
      options.onError?.(error, requestId);
    } catch {}
  };

  const bodyOf = ({ env, request }: Call) =>
    readLegacyBody(request, env, { maxBodyBytes, maxUploadBytes });

  const take = (
    source: LegacySource,
    { caller }: Call,
  ): Promise<LegacyPackage | undefined> | undefined => options.takePackage?.(source, caller);

  /** The package that a body means: by id and version, else what the server makes of an address or upload. */
  const packageOf = async (
    call: Call,
    { body, upload }: { readonly body: LegacyBody; readonly upload: LegacyUpload | undefined },
  ): Promise<LegacyPackage | string> => {
    const id = textAt(body, "appId") ?? textAt(body, "id") ?? call.id;
    const version = textAt(body, "version");
    const url = textAt(body, "url");
    if (id !== "" && version !== undefined) {
      return { id, version, ...defined({ ref: textAt(body, "ref") ?? url }) };
    }
    const source: LegacySource | undefined = upload
      ? { kind: "upload", ...upload }
      : url === undefined
        ? undefined
        : { kind: "url", url };
    if (source === undefined) return "Failed to get a file to install for the App. ";
    const taken = await take(source, call);
    return taken ?? "This server takes packages by appId and version, not by address or upload.";
  };

  const app = new Hono<Env>();
  app.use("*", async (c, next) => {
    c.set("requestId", requestIdOf(c.req.header("x-request-id")));
    await next();
  });

  const list = answerFor("viewer", ({ requestId, url }) => {
    const withCluster = url.searchParams.get("includeClusterStatus") === "true";
    const apps = muster.apps
      .list({ withNodes: true })
      .items.filter(({ desiredStatus }) => desiredStatus !== "uninstalled")
      .map((one) => ({
        ...shown(one),
        ...(withCluster && { clusterStatus: clusterStatus(one.nodes ?? []) }),
      }));
    return succeed({ apps }, requestId);
  });

  const install = answerFor("operator", async (call) => {
    const found = await packageOf(call, await bodyOf(call));
    const { caller, change, request, requestId } = call;
    if (typeof found === "string") return fail(found, requestId, { errorType: "app_file_error" });
    const { app: made } = await muster.as(caller).apps.install({ ...found, ...change });
    await settledStatus(muster, made.id, { signal: request.signal, waitMs });
    return succeed({ app: shown(findApp(muster, made.id) ?? made) }, requestId);
  });

  for (const root of roots) {
    app.get(root, list);
    app.post(root, install);
  }
  app.get("/installed", list);

  app.get(
    "/:id",
    answerFor("viewer", ({ id, requestId }) => {
      const found = findApp(muster, id);
      return found ? succeed({ app: shown(found) }, requestId) : noApp(id, requestId);
    }),
  );
  app.post(
    "/:id",
    answerFor("operator", async (call) => {
      const { caller, change, id, request, requestId } = call;
      if (!findApp(muster, id)) return noApp(id, requestId);
      const found = await packageOf(call, await bodyOf(call));
      if (typeof found === "string") return fail(found, requestId);
      if (found.id !== id) return fail(`The package is of the app ${found.id}.`, requestId);
      const { ref, version } = found;
      const { apps } = muster.as(caller);
      const { app: updated } = await apps.update(id, { version, ...defined({ ref }), ...change });
      await settledStatus(muster, id, { signal: request.signal, waitMs });
      return succeed({ app: shown(findApp(muster, id) ?? updated) }, requestId);
    }),
  );
  app.delete(
    "/:id",
    answerFor("operator", async ({ caller, change, id, requestId }) => {
      const found = findApp(muster, id);
      if (!found) return noApp(id, requestId);
      await muster.as(caller).apps.uninstall(id, change);
      return succeed({ app: { ...shown(found), status: "disabled" } }, requestId);
    }),
  );

  app.get(
    "/:id/status",
    answerFor("viewer", ({ id, requestId }) => {
      const found = findApp(muster, id);
      if (!found) return noApp(id, requestId);
      const { nodes } = found;
      const body = { status: ownStatus(nodes), clusterStatus: clusterStatus(nodes) };
      return succeed(body, requestId);
    }),
  );
  app.post(
    "/:id/status",
    answerFor("operator", async (call) => {
      const { caller, change, id, request, requestId } = call;
      const status = textAt((await bodyOf(call)).body, "status");
      if (status === undefined) {
        const error = 'Invalid status provided, it must be "status" field and a string.';
        return fail(error, requestId);
      }
      if (!findApp(muster, id)) return noApp(id, requestId);
      const { apps } = muster.as(caller);
      if (on.has(status)) await apps.enable(id, change);
      else if (off.has(status)) await apps.disable(id, change);
      else {
        const error = `Invalid status "${status.slice(0, 100)}": send manually_enabled or manually_disabled.`;
        return fail(error, requestId);
      }
      const now = await settledStatus(muster, id, { signal: request.signal, waitMs });
      return succeed({ status: now }, requestId);
    }),
  );

  app.all("*", (c) => fail("Resource not found", c.get("requestId"), { status: 404 }));
  app.onError((error, c) => failedWith(error, c.get("requestId") ?? requestIdOf(undefined)));
  return app;
};
