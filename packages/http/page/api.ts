/** Asks the node that served the page, and no one else. Every answer is a value or a {@link Failure}. */

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly title?: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly fieldErrors?: Readonly<Record<string, string>>;
  readonly requestId?: string;
  readonly outcome?: string;
}

export type Failure =
  | { readonly kind: "problem"; readonly problem: Problem }
  /** No answer came, or one that is not Muster's. */
  | { readonly kind: "silent" };
export type Answer<T> = { readonly kind: "value"; readonly value: T } | Failure;

export interface Change {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
}

export interface Api {
  get<T>(path: string): Promise<Answer<T>>;
  /** As `get`, but sends the tag of the answer known, so that nothing is sent twice. */
  getTagged<T>(path: string): Promise<Answer<T>>;
  change<T>(change: Change): Promise<Answer<T>>;
  /** Opens a stream of events; the signal ends it. */
  stream(path: string, signal: AbortSignal, lastEventId?: string): Promise<Response>;
}

const limitMs = 8_000;
/** Reconciling waits for nodes. */
const changeLimitMs = 20_000;
const maxKnown = 20;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const problemOf = (value: unknown, status: number): Failure =>
  isRecord(value) && typeof value["code"] === "string" && typeof value["detail"] === "string"
    ? { kind: "problem", problem: { ...value, status } as unknown as Problem }
    : { kind: "silent" };

/** @param bearer answers a token to send beside the session, or `undefined` */
export const createApi = (base: string, bearer: () => string | undefined): Api => {
  const known = new Map<string, { readonly tag: string; readonly value: unknown }>();
  const send = async (
    path: string,
    given: HeadersInit,
    init: RequestInit & { readonly signal: AbortSignal },
  ): Promise<Response> => {
    const headers = new Headers(given);
    const token = bearer();
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return await fetch(base + path, { ...init, headers, cache: "no-store", redirect: "error" });
  };
  const remember = (path: string, tag: string | null, value: unknown): void => {
    known.delete(path);
    if (tag !== null) known.set(path, { tag, value });
    const [oldest] = known.keys();
    if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
  };
  const read = async <T>(path: string, tagged: boolean): Promise<Answer<T>> => {
    const before = tagged ? known.get(path) : undefined;
    try {
      const headers = before ? { "if-none-match": before.tag } : {};
      const response = await send(path, headers, { signal: AbortSignal.timeout(limitMs) });
      if (response.status === 304 && before) return { kind: "value", value: before.value as T };
      const value: unknown = await response.json();
      if (!response.ok || !isRecord(value)) return problemOf(value, response.status);
      if (tagged) remember(path, response.headers.get("etag"), value);
      return { kind: "value", value: value as T };
    } catch {
      return { kind: "silent" };
    }
  };
  return {
    get: (path) => read(path, false),
    getTagged: (path) => read(path, true),
    change: async <T>({ method, path, body, idempotencyKey }: Change): Promise<Answer<T>> => {
      try {
        const headers = {
          ...(body && { "content-type": "application/json" }),
          ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
        };
        const response = await send(path, headers, {
          method,
          signal: AbortSignal.timeout(changeLimitMs),
          ...(body && { body: JSON.stringify(body) }),
        });
        const value: unknown = await response.json();
        return response.ok
          ? { kind: "value", value: value as T }
          : problemOf(value, response.status);
      } catch {
        return { kind: "silent" };
      }
    },
    stream: (path, signal, lastEventId) =>
      send(
        path,
        {
          accept: "text/event-stream",
          ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
        },
        { signal },
      ),
  };
};
