/** Asks a node over HTTP. Every failure is a {@link CliError} with the code the node gave, or ours. */
import { CliError, hasCode } from "../cli-error.ts";
import type { Target } from "../config/target.ts";
import { isRecord, type JsonRecord, parseJson } from "../json.ts";
import { connectionError } from "./connection-error.ts";
import { type EventFrame, readFrames } from "./event-stream.ts";
import { problemError } from "./problem.ts";

export interface ClientOptions {
  readonly target: Target;
  /** Limit of one request in milliseconds. */
  readonly timeoutMs: number;
  readonly interrupt: AbortSignal;
  /** Hears of each request that was answered. */
  trace?(line: string): void;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Client {
  readonly url: string;
  get(path: string, query?: Query): Promise<JsonRecord>;
  /**
   * Reads a stream until the node ends it or nothing came for a while. It begins behind `after`,
   * where that is given.
   */
  stream(path: string, query: Query, after: string | undefined): AsyncGenerator<EventFrame>;
  /** Sends a change under an idempotency key of its own. */
  post(path: string, body: JsonRecord): Promise<JsonRecord>;
  /** The same for a DELETE, which says all in its query. */
  delete(path: string, query: Query): Promise<JsonRecord>;
}

const queryText = (query: Query): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size > 0 ? `?${search}` : "";
};

/** Three signs of life of a stream. */
const longestSilenceMs = 45_000;

/** What is not known of a change whose answer never came. */
const unknownOutcome = (error: CliError): CliError =>
  new CliError(error.code, `${error.message}; whether the change was made is not known`, {
    hint: "Look at the present state, then repeat it: a change that is made already changes nothing.",
    cause: error,
  });

/** Makes a client of one node. Nothing is sent before the first call. */
export const createClient = ({ target, timeoutMs, interrupt, trace }: ClientOptions): Client => {
  const send = async (
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: JsonRecord,
  ): Promise<JsonRecord> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const startedAt = performance.now();
    const headers: Record<string, string> = { accept: "application/json" };
    if (target.token !== undefined) headers["authorization"] = `Bearer ${target.token}`;
    const isChange = method !== "GET";
    if (isChange) headers["idempotency-key"] = crypto.randomUUID();
    if (body !== undefined) headers["content-type"] = "application/json";
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${target.url}${path}`, {
        method,
        headers,
        // A redirect would carry the token to an address nobody has named.
        redirect: "manual",
        signal: AbortSignal.any([limit, interrupt]),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      const error = connectionError(cause, { target, timeoutMs, limit, interrupt });
      throw isChange && error.code === "TIMED_OUT" ? unknownOutcome(error) : error;
    }
    const requestId = response.headers.get("x-request-id") ?? undefined;
    const tookMs = Math.round(performance.now() - startedAt);
    trace?.(`${method} ${target.url}${path} ${response.status} ${tookMs}ms ${requestId ?? ""}`);
    const value = parseJson(text);
    if (response.ok && isRecord(value)) return value;
    throw problemError({ response, value, target, requestId });
  };
  async function* stream(
    path: string,
    query: Query,
    after: string | undefined,
  ): AsyncGenerator<EventFrame> {
    const limit = new AbortController();
    // A stream may be silent, but not for longer than its signs of life are apart.
    let alarm = setTimeout(() => limit.abort(), timeoutMs);
    const alive = (): void => {
      clearTimeout(alarm);
      alarm = setTimeout(() => limit.abort(), Math.max(timeoutMs, longestSilenceMs));
    };
    try {
      const response = await fetch(`${target.url}${path}${queryText(query)}`, {
        headers: {
          accept: "text/event-stream",
          ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }),
          ...(after !== undefined && { "last-event-id": after }),
        },
        redirect: "manual",
        signal: AbortSignal.any([limit.signal, interrupt]),
      });
      const requestId = response.headers.get("x-request-id") ?? undefined;
      trace?.(`GET ${target.url}${path} ${response.status} ${requestId ?? ""}`);
      if (!response.ok || !response.body) {
        const value = parseJson(await response.text());
        throw problemError({ response, value, target, requestId });
      }
      alive();
      for await (const frame of readFrames(response.body)) {
        alive();
        yield frame;
      }
    } catch (cause) {
      if (hasCode(cause) && cause instanceof CliError) throw cause;
      throw connectionError(cause, { target, timeoutMs, limit: limit.signal, interrupt });
    } finally {
      clearTimeout(alarm);
    }
  }
  return {
    url: target.url,
    stream,
    get: (path, query = {}) => send("GET", path + queryText(query)),
    post: (path, body) => send("POST", path, body),
    delete: (path, query) => send("DELETE", path + queryText(query)),
  };
};

/** Tells whether a thrown error is the node's or ours with one of these codes. */
export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  hasCode(error) && codes.includes(error.code);
