/** Asks the node that served the page, and no one else. Every answer is a value or a {@link Failure}. */

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
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

export interface Api {
  get<T>(path: string): Promise<Answer<T>>;
  /** As `get`, but sends the tag of the answer known, so that nothing is sent twice. */
  getTagged<T>(path: string): Promise<Answer<T>>;
  post<T>(path: string, body: object, idempotencyKey: string): Promise<Answer<T>>;
}

const limitMs = 8_000;
const maxKnown = 20;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const problemOf = (value: unknown, status: number): Failure =>
  isRecord(value) && typeof value["code"] === "string" && typeof value["detail"] === "string"
    ? { kind: "problem", problem: { ...value, status } as unknown as Problem }
    : { kind: "silent" };

/** @param token answers the token to send, or `undefined` */
export const createApi = (base: string, token: () => string | undefined): Api => {
  const known = new Map<string, { readonly tag: string; readonly value: unknown }>();
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    const secret = token();
    if (secret !== undefined) headers.set("authorization", `Bearer ${secret}`);
    return await fetch(base + path, {
      ...init,
      headers,
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(limitMs),
    });
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
      const response = await send(path, {
        ...(before && { headers: { "if-none-match": before.tag } }),
      });
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
    post: async <T>(path: string, body: object, idempotencyKey: string): Promise<Answer<T>> => {
      try {
        const response = await send(path, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
          body: JSON.stringify(body),
        });
        const value: unknown = await response.json();
        return response.ok
          ? { kind: "value", value: value as T }
          : problemOf(value, response.status);
      } catch {
        return { kind: "silent" };
      }
    },
  };
};
