import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { errorCodes, type Muster, MusterError } from "@muster/core";
import { createHttp } from "./create-http.ts";
import { answerOf, apiOf, startNode, threeCallers, tokenOf } from "./http-kit.test.ts";
import { HttpProblem, httpCodes, type ProblemCode, problemOf } from "./problem.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

const statuses: Readonly<Record<ProblemCode, number>> = {
  MALFORMED_REQUEST: 400,
  MALFORMED_JSON: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  READ_ONLY: 403,
  CROSS_SITE: 403,
  NOT_LOOPBACK: 403,
  ROUTE_NOT_FOUND: 404,
  APP_NOT_FOUND: 404,
  NODE_NOT_FOUND: 404,
  LOSS_NOT_FOUND: 404,
  SHARD_NOT_FOUND: 404,
  ACTOR_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  APP_EXISTS: 409,
  APP_UNINSTALLING: 409,
  APP_PAUSED: 409,
  NO_PREVIOUS_VERSION: 409,
  NO_DRIFT: 409,
  CALL_TOO_DEEP: 409,
  CALL_CYCLE: 409,
  FANOUT_TOO_WIDE: 409,
  BODY_TOO_LARGE: 413,
  PAYLOAD_TOO_LARGE: 413,
  STATE_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  VALIDATION: 422,
  COMMAND_UNKNOWN: 422,
  IDEMPOTENCY_CONFLICT: 422,
  TOO_MANY_REQUESTS: 429,
  MAILBOX_FULL: 429,
  DEFERRALS_FULL: 429,
  IDEMPOTENCY_FULL: 429,
  INTERNAL: 500,
  BODY_ALREADY_READ: 500,
  OPTIONS_INVALID: 500,
  HANDLER_FAILED: 500,
  STATE_UNREADABLE: 500,
  DEAD_LETTER_NOT_FOUND: 404,
  DEAD_LETTER_RESOLVED: 409,
  DEAD_LETTER_NOT_REPLAYABLE: 409,
  DEAD_LETTERS_FULL: 429,
  BACKEND_UNAVAILABLE: 503,
  NOT_STARTED: 503,
  STOPPED: 503,
  NODE_ID_TAKEN: 503,
  SHARD_COUNT_MISMATCH: 503,
  PREFLIGHT_FAILED: 503,
  KIND_UNKNOWN: 503,
  OUTCOME_UNKNOWN: 503,
  ASK_TIMEOUT: 504,
  ALERT_NOT_FOUND: 404,
  WAIT_TIMEOUT: 504,
  TERMINAL: 409,
  SUPERSEDED: 409,
  OBSERVED: 409,
};
const isHttp = (code: string): boolean => (httpCodes as readonly string[]).includes(code);
const errorOf = (code: string): Error =>
  isHttp(code)
    ? new HttpProblem(code as ProblemCode, "It went wrong.")
    : new MusterError(code as keyof typeof errorCodes, "It went wrong.");

test.each([...Object.keys(errorCodes), ...httpCodes].map((code) => [code] as const))(
  "%s is answered with its status",
  async (code) => {
    const answer = await answerOf(problemOf(errorOf(code), "r-1"));
    expectProblem(answer, code as ProblemCode, statuses[code as ProblemCode]);
    expect(answer.json).toMatchObject({ detail: "It went wrong.", requestId: "r-1" });
    expect(answer.json.title).toMatch(/^[A-Z][\w' -]+$/);
  },
);

test("a problem carries all that an error knows", async () => {
  const error = new MusterError("APP_EXISTS", "There is one.", {
    op: "apps.install",
    cause: new Error("secret"),
    outcome: "not-applied",
    retryAfterMs: 2_500,
    hint: "Take another id.",
    fieldErrors: { id: "is taken" },
    current: "enabled",
  });
  const answer = await answerOf(problemOf(error, "r-1"));
  expect(answer.json).toEqual({
    type: "urn:muster:error:APP_EXISTS",
    title: "App exists",
    status: 409,
    code: "APP_EXISTS",
    detail: "There is one.",
    requestId: "r-1",
    hint: "Take another id.",
    fieldErrors: { id: "is taken" },
    success: false,
    current: "enabled",
    retryAfterMs: 2_500,
    outcome: "not-applied",
  });
  expect(answer.headers.get("retry-after")).toBe("3");
});

test("a time-out says which", async () => {
  const answer = await answerOf(problemOf(new MusterError("ASK_TIMEOUT", "Too slow."), "r-1"));
  expect(answer.json.timedOut).toBe("ask");
});

test("a code that this package does not know is an internal error, not a success", async () => {
  const error = Object.assign(new Error("from a newer core"), {
    name: "MusterError",
    code: "BRAND_NEW",
  });
  expectProblem(await answerOf(problemOf(error, "r-1")), "INTERNAL", 500);
  const inherited = Object.assign(new Error("odd"), { name: "MusterError", code: "constructor" });
  expectProblem(await answerOf(problemOf(inherited, "r-1")), "INTERNAL", 500);
});

describe("what the server did wrong", () => {
  /** The node with one read that fails. */
  const failing = (error: unknown): Muster =>
    Object.assign(Object.create(muster), {
      status: () => {
        throw error;
      },
    });
  const ask = async (error: unknown, onError?: (error: unknown, requestId: string) => void) => {
    const app = createHttp(failing(error), { auth: threeCallers(), ...(onError && { onError }) });
    const headers = { authorization: `Bearer ${tokenOf.viewer}`, "x-request-id": "r-7" };
    return answerOf(await app.request("/v1/status", { headers }));
  };

  test.each<[string, unknown]>([
    ["an error", new TypeError("cannot read redis://:password@10.0.0.1")],
    ["an error with a status", Object.assign(new Error("password"), { status: 200, code: 200 })],
    ["text", "password"],
    ["null", null],
    ["undefined", undefined],
    ["an object like an error", { code: "VALIDATION", message: "password" }],
  ])("tells the caller no more than a request id: %s", async (_, error) => {
    const told: unknown[] = [];
    const answer = await ask(error, (...args) => told.push(args));
    expectProblem(answer, "INTERNAL", 500);
    expect(answer.text).not.toContain("password");
    expect(told).toEqual([[error, "r-7"]]);
  });

  test("is told to the server for errors with a code too, and what the caller did wrong is not", async () => {
    const told: unknown[] = [];
    const unreadable = new MusterError("STATE_UNREADABLE", "The state cannot be read.");
    expectProblem(await ask(unreadable, (error) => told.push(error)), "STATE_UNREADABLE", 500);
    const { call } = apiOf(muster, { onError: (error) => told.push(error) });
    await call("GET", "/v1/status");
    await call("GET", "/v1/apps/nobody", { as: "viewer" });
    await call("POST", "/v1/apps", { as: "admin", body: "{" });
    expect(told).toEqual([unreadable]);
  });

  test("is answered although the listener fails as well", async () => {
    const answer = await ask(new Error("first"), () => {
      throw new Error("second");
    });
    expectProblem(answer, "INTERNAL", 500);
  });
});
