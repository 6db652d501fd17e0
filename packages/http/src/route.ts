/** What a route is: one table entry gives the handler, its checks, and its part of the OpenAPI document. */
import type { Muster, MusterAs, Principal } from "@muster/core";
import type { z } from "zod";
import type { BrowserSessions, Peer } from "./auth.ts";
import type { Metrics } from "./metrics/create-metrics.ts";

/** The request itself and the mount it came to, for routes about the caller. */
export interface Door {
  readonly request: Request;
  readonly peer: Peer;
  readonly sessions: BrowserSessions | undefined;
  readonly readOnly: boolean;
  /** How the mount knows its callers. */
  readonly auth: "tokens" | "none" | "own";
  readonly allowPublic: boolean;
}

/** What a handler works with; everything in it has been checked. */
export interface RouteContext<Params, Query, Body> {
  readonly muster: Muster;
  /** The services under the caller's name. */
  readonly as: MusterAs;
  readonly principal: Principal;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** From the header `Idempotency-Key`, scoped to the caller. */
  readonly idempotencyKey: { readonly idempotencyKey?: string };
  readonly door: Door;
  /** The mount's metrics, made when first asked for. */
  metrics(): Metrics;
}

/** What a handler answers: a status and a JSON value, or a text with its type. */
export interface RouteAnswer {
  readonly status?: 200 | 201 | 202 | 503;
  readonly body: unknown;
  /** Content type of a body that is text already. */
  readonly type?: string;
  /** Answers that change only when their content does get an ETag. */
  readonly cacheable?: boolean;
  /** Told in the header `x-muster-stale`, for bodies that have no room for it. */
  readonly stale?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a stream works with. */
export interface StreamContext<Query> {
  readonly muster: Muster;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** The header `Last-Event-ID` of one that comes back. */
  readonly lastEventId: string | undefined;
  readonly requestId: string;
}

/** What a route works with that takes or answers one JSON value on each line. */
export interface LinesContext<Query> {
  readonly muster: Muster;
  readonly as: MusterAs;
  readonly query: Query;
  /** The values of the body; a line that is no JSON comes as its text. */
  readonly lines: AsyncIterable<unknown>;
  readonly requestId: string;
}

export interface Route {
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/v1/apps/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Least role that may call it; `public` needs no caller. */
  readonly role: Principal["role"] | "public";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  /** Changes only what the caller is known by: takes no key, and a read-only mount has it too. */
  readonly ofCaller?: boolean;
  readonly answer: z.ZodType;
  readonly status?: number;
  /** Content type of the answer. @defaultValue application/json */
  readonly answerType?: string;
  /** Answers as a stream of events those who accept `text/event-stream`. */
  stream?(context: StreamContext<never>): Response;
  /** Answers lines of JSON to a body of them, or to those who accept `application/x-ndjson`. */
  lines?(context: LinesContext<never>): Promise<Response>;
  /** Longest body, in bytes, where it is not that of the mount; lines have no limit in all. */
  readonly maxBodyBytes?: number;
  /** Codes it may answer beside those that every route may. */
  readonly errors?: readonly string[];
  handle(context: RouteContext<never, never, never>): Promise<RouteAnswer> | RouteAnswer;
}

type Out<S> = S extends z.ZodType ? z.output<S> : Record<never, never>;

/** Types a route's handler by its schemas. */
export const defineRoute = <
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(
  route: Omit<Route, "params" | "query" | "body" | "handle" | "stream" | "lines"> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    handle(context: RouteContext<Out<P>, Out<Q>, Out<B>>): Promise<RouteAnswer> | RouteAnswer;
    stream?(context: StreamContext<Out<Q>>): Response;
    lines?(context: LinesContext<Out<Q>>): Promise<Response>;
  },
): Route => route as unknown as Route;
