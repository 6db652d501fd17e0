/** Errors as people and scripts get them: `application/problem+json`, one mapping from code to status. */
import { type ErrorCode, isMusterError, type MusterError } from "@muster/core";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Codes that arise in the HTTP layer itself. */
export const httpCodes = [
  "MALFORMED_REQUEST",
  "MALFORMED_JSON",
  "UNSUPPORTED_MEDIA_TYPE",
  "BODY_TOO_LARGE",
  "BODY_ALREADY_READ",
  "UNAUTHENTICATED",
  "TOO_MANY_REQUESTS",
  "READ_ONLY",
  "CROSS_SITE",
  "NOT_LOOPBACK",
  "ROUTE_NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "INTERNAL",
] as const;
export type HttpCode = (typeof httpCodes)[number];
export type ProblemCode = HttpCode | ErrorCode;

const statusOf: Readonly<Record<ProblemCode, ContentfulStatusCode>> = {
  MALFORMED_REQUEST: 400,
  MALFORMED_JSON: 400,
  UNSUPPORTED_MEDIA_TYPE: 415,
  BODY_TOO_LARGE: 413,
  BODY_ALREADY_READ: 500,
  UNAUTHENTICATED: 401,
  TOO_MANY_REQUESTS: 429,
  READ_ONLY: 403,
  CROSS_SITE: 403,
  NOT_LOOPBACK: 403,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  INTERNAL: 500,
  BACKEND_UNAVAILABLE: 503,
  NOT_STARTED: 503,
  STOPPED: 503,
  NODE_ID_TAKEN: 503,
  SHARD_COUNT_MISMATCH: 503,
  PREFLIGHT_FAILED: 503,
  OPTIONS_INVALID: 500,
  VALIDATION: 422,
  FORBIDDEN: 403,
  APP_NOT_FOUND: 404,
  APP_EXISTS: 409,
  APP_UNINSTALLING: 409,
  APP_PAUSED: 409,
  NO_PREVIOUS_VERSION: 409,
  NO_DRIFT: 409,
  NODE_NOT_FOUND: 404,
  LOSS_NOT_FOUND: 404,
  SHARD_NOT_FOUND: 404,
  ACTOR_NOT_FOUND: 404,
  KIND_UNKNOWN: 503,
  COMMAND_UNKNOWN: 422,
  HANDLER_FAILED: 500,
  ASK_TIMEOUT: 504,
  OUTCOME_UNKNOWN: 503,
  MAILBOX_FULL: 429,
  DEFERRALS_FULL: 429,
  PAYLOAD_TOO_LARGE: 413,
  STATE_TOO_LARGE: 413,
  CALL_TOO_DEEP: 409,
  CALL_CYCLE: 409,
  FANOUT_TOO_WIDE: 409,
  IDEMPOTENCY_CONFLICT: 422,
  IDEMPOTENCY_FULL: 429,
  STATE_UNREADABLE: 500,
  ALERT_NOT_FOUND: 404,
  DEAD_LETTER_NOT_FOUND: 404,
  DEAD_LETTER_RESOLVED: 409,
  DEAD_LETTER_NOT_REPLAYABLE: 409,
  DEAD_LETTERS_FULL: 429,
  WAIT_TIMEOUT: 504,
  TERMINAL: 409,
  SUPERSEDED: 409,
  OBSERVED: 409,
};

const titles: Partial<Record<ProblemCode, string>> = {
  MALFORMED_REQUEST: "The request cannot be read",
  MALFORMED_JSON: "The body is not JSON",
  UNSUPPORTED_MEDIA_TYPE: "The body must be JSON",
  BODY_TOO_LARGE: "The body is too large",
  UNAUTHENTICATED: "Not authenticated",
  TOO_MANY_REQUESTS: "Too many failed attempts",
  READ_ONLY: "This mount is read-only",
  CROSS_SITE: "Refused as a cross-site request",
  NOT_LOOPBACK: "Only loopback may call without a token",
  ROUTE_NOT_FOUND: "No such route",
  METHOD_NOT_ALLOWED: "Method not allowed",
  INTERNAL: "Internal error",
  BACKEND_UNAVAILABLE: "The backend cannot be reached",
  VALIDATION: "The request is not valid",
  FORBIDDEN: "Not allowed",
  ASK_TIMEOUT: "Timed out",
  WAIT_TIMEOUT: "The condition does not hold yet",
  TERMINAL: "No retry will bring the condition about",
  SUPERSEDED: "A newer intent took the place of the one waited for",
  OBSERVED: "The app is only observed",
};

export interface ProblemDetails {
  readonly hint?: string | undefined;
  readonly fieldErrors?: Readonly<Record<string, string>> | undefined;
  readonly current?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly outcome?: "not-applied" | "unknown" | undefined;
  readonly blockers?: readonly unknown[] | undefined;
  readonly notConfirmed?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown inside a handler; answered as a problem. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
  constructor(code: ProblemCode, message: string, details: ProblemDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const titleOf = (code: ProblemCode): string =>
  titles[code] ??
  code
    .toLowerCase()
    .replaceAll("_", " ")
    .replace(/^./, (first) => first.toUpperCase());

/**
 * Names the kind of a problem, for ever and wherever the API is mounted; `docs/errors.md` has an
 * entry for each code. It is no address to fetch: a mount knows of none that outlives it.
 */
const typeOf = (code: ProblemCode): string => `urn:muster:error:${code}`;

const defaultRetryMs = 1_000;

/** The answer for a code. */
export const problemResponse = (
  code: ProblemCode,
  detail: string,
  requestId: string,
  details: ProblemDetails = {},
): Response => {
  const { headers, ...members } = details;
  const status = statusOf[code];
  const body: Record<string, unknown> = {
    type: typeOf(code),
    title: titleOf(code),
    status,
    code,
    detail,
    requestId,
  };
  for (const [name, value] of Object.entries(members)) if (value !== undefined) body[name] = value;
  if (members.fieldErrors) body["success"] = false;
  if (code === "ASK_TIMEOUT") body["timedOut"] = "ask";
  if (code === "WAIT_TIMEOUT") body["timedOut"] = "wait";
  const retryAfterMs =
    members.retryAfterMs ?? (status === 503 || status === 429 ? defaultRetryMs : undefined);
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-request-id": requestId,
      "x-content-type-options": "nosniff",
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }),
      ...headers,
    },
  });
};

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(statusOf, code);

/** Tells whether an error is answered as the caller's (4xx), or as a state that passes (503, 504). */
export const isCallersFault = (error: unknown): boolean => {
  if (!(error instanceof HttpProblem) && !isMusterError(error)) return false;
  return isProblemCode(error.code) && statusOf[error.code] !== 500;
};

const ofMuster = (error: MusterError, requestId: string): Response =>
  problemResponse(error.code, error.message, requestId, {
    hint: error.hint,
    fieldErrors: error.fieldErrors,
    current: error.current,
    retryAfterMs: error.retryAfterMs,
    outcome: error.outcome,
    blockers: error.blockers,
    notConfirmed: error.notConfirmed,
  });

/**
 * The answer for whatever a handler threw; what is not ours says nothing of the inside. Problems of
 * this layer come before anything is sent to an actor, so a change was not applied.
 */
export const problemOf = (
  error: unknown,
  requestId: string,
  { isChange = false }: { readonly isChange?: boolean } = {},
): Response => {
  if (error instanceof HttpProblem) {
    return problemResponse(error.code, error.message, requestId, {
      ...(isChange && { outcome: "not-applied" }),
      ...error.details,
    });
  }
  // The code may be of a newer core than this package knows.
  if (isMusterError(error) && isProblemCode(error.code)) return ofMuster(error, requestId);
  return problemResponse("INTERNAL", "The server met an error of its own.", requestId, {
    hint: "The server's log holds more under this request id.",
    ...(isChange && { outcome: "unknown" }),
  });
};
