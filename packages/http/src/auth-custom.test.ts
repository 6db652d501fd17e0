import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster, Principal } from "@muster/core";
import { createHttp } from "./create-http.ts";
import { apiOf, startNode } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

test("the server's own check names the caller", async () => {
  const sessions: Record<string, Principal> = { "sid=1": { name: "vera", role: "operator" } };
  const { call } = apiOf(muster, {
    auth: (request) => sessions[request.headers.get("cookie") ?? ""] ?? null,
  });
  const body = { id: "crm-sync", version: "1.0.0", reason: "x" };
  const headers = { cookie: "sid=1" };
  expect((await call("POST", "/v1/apps", { headers, body })).json.changedBy).toBe("vera");
  const strange = await call("POST", "/v1/apps", { headers: { cookie: "sid=2" }, body });
  expectProblem(strange, "UNAUTHENTICATED", 401);
});

test("the check gets the server's environment and is not asked on public routes", async () => {
  const seen: unknown[] = [];
  const app = createHttp(muster, {
    auth: async (_request, env) => {
      seen.push(env);
      return { name: "vera", role: "viewer" };
    },
  });
  const env = { incoming: { session: "abc" } };
  await app.request("/healthz", {}, env);
  expect(seen).toEqual([]);
  expect((await app.request("/v1/status", {}, env)).status).toBe(200);
  expect(seen).toEqual([env]);
});

test("the check may read the body of a copy of the request", async () => {
  const { call } = apiOf(muster, {
    auth: async (request) => {
      await request.clone().text();
      return { name: "vera", role: "operator" };
    },
  });
  const body = { id: "signed", version: "1.0.0", reason: "x" };
  expect((await call("POST", "/v1/apps", { body })).status).toBe(201);
});

describe("a check that goes wrong", () => {
  test.each<[string, () => Principal | null]>([
    [
      "throws",
      () => {
        throw new Error("session store at 10.1.2.3 is down");
      },
    ],
    [
      "throws what is no error",
      () => {
        throw "down";
      },
    ],
    ["answers no role", () => ({ name: "vera" }) as never],
    ["answers an inherited role", () => ({ name: "vera", role: "toString" }) as never],
    ["answers no name", () => ({ name: "", role: "admin" })],
  ])("and %s lets nobody in and tells only the server why", async (_, auth) => {
    const told: unknown[] = [];
    const { call } = apiOf(muster, { auth, onError: (error) => told.push(error) });
    const answer = await call("GET", "/v1/status");
    expectProblem(answer, "INTERNAL", 500);
    expect(answer.text).not.toMatch(/10\.1\.2\.3|down|vera/);
    expect(told).toHaveLength(1);
  });
});

test.each([[undefined], [null], [""], ["None"], ["tokens"], [{}], [[]], [1], [true]])(
  "no API is made with auth %p",
  (auth) => {
    expect(() => createHttp(muster, { auth } as never)).toThrow(TypeError);
  },
);

test("no API is made without options", () => {
  expect(() => createHttp(muster, undefined as never)).toThrow("createHttp needs auth");
});
