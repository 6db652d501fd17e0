import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Muster, Principal } from "@muster/core";
import { type Peer, tokens } from "./auth.ts";
import { apiOf, startNode } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

const old = "old-token-0123456789";
const fresh = "new-token-0123456789";
const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test("both tokens of a caller are its own, so that one can be replaced without a gap", async () => {
  const { call } = apiOf(muster, {
    auth: tokens([{ name: "ci", role: "operator", tokens: [old, fresh] }]),
  });
  for (const [token, id] of [
    [old, "by-old"],
    [fresh, "by-new"],
  ] as const) {
    const body = { id, version: "1.0.0", reason: "x" };
    const answer = await call("POST", "/v1/apps", { ...bearer(token), body });
    expect([answer.status, answer.json.changedBy]).toEqual([201, "ci"]);
  }
});

test("a token may be known by its hash alone", async () => {
  const auth = tokens([{ name: "ci", role: "viewer", tokens: [old], sha256: [hashOf(fresh)] }]);
  const { call } = apiOf(muster, { auth });
  expect((await call("GET", "/v1/status", bearer(fresh))).status).toBe(200);
  expect((await call("GET", "/v1/status", bearer(old))).status).toBe(200);
  expectProblem(await call("GET", "/v1/status", bearer(hashOf(fresh))), "UNAUTHENTICATED", 401);
});

test("what is not exactly a known bearer token is refused", async () => {
  const { call } = apiOf(muster, {
    auth: tokens([{ name: "ci", role: "admin", tokens: [fresh] }]),
  });
  for (const authorization of [
    "Bearer",
    "Bearer ",
    fresh,
    `Basic ${fresh}`,
    `Bearer  ${fresh}`,
    `Bearer ${fresh}x`,
    `Bearer ${fresh.slice(0, -1)}`,
    `Bearer ${fresh.toUpperCase()}`,
    `Bearer ${fresh}, Bearer ${fresh}`,
    `Bearer ${"x".repeat(513)}`,
    `Bearer ${"x".repeat(60_000)}`,
    "Bearer é",
  ]) {
    const answer = await call("GET", "/v1/status", { headers: { authorization } });
    expectProblem(answer, "UNAUTHENTICATED", 401);
    expect(answer.text).not.toContain(fresh);
  }
  expect((await call("GET", `/v1/status?token=${fresh}`)).status).toBe(401);
  expect(
    (await call("GET", "/v1/status", { headers: { authorization: `bearer ${fresh}` } })).status,
  ).toBe(200);
});

describe("guessing", () => {
  const auth = () =>
    tokens([
      { name: "ci", role: "viewer", tokens: [fresh] },
      { name: "ops", role: "admin", tokens: [old] },
    ]);
  const at = (address: string): Peer => ({ address });
  const request = (token: string): Request => new Request("http://x/", bearer(token));
  const codeOf = async (act: () => unknown): Promise<unknown> => {
    try {
      return ((await act()) as Principal).name;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  test("is refused for a while after thirty wrong tokens from one address", async () => {
    const { authenticate } = auth();
    for (let attempt = 0; attempt < 30; attempt += 1) {
      const wrong = `wrong-${attempt}-0123456789`;
      expect(await codeOf(() => authenticate(request(wrong), at("10.0.0.9"), {}))).toBe(
        "UNAUTHENTICATED",
      );
    }
    for (const token of ["wrong-again-0123456789", fresh]) {
      expect(await codeOf(() => authenticate(request(token), at("10.0.0.9"), {}))).toBe(
        "TOO_MANY_REQUESTS",
      );
    }
    expect(await codeOf(() => authenticate(request(fresh), at("10.0.0.8"), {}))).toBe("ci");
  });

  test("locks out no caller that was known at the address before", async () => {
    const { authenticate } = auth();
    expect(await codeOf(() => authenticate(request(fresh), at("10.0.0.9"), {}))).toBe("ci");
    for (let attempt = 0; attempt < 40; attempt += 1) {
      await codeOf(() => authenticate(request("forgotten-0123456789"), at("10.0.0.9"), {}));
    }
    expect(await codeOf(() => authenticate(request(fresh), at("10.0.0.9"), {}))).toBe("ci");
    expect(await codeOf(() => authenticate(request(old), at("10.0.0.9"), {}))).toBe(
      "TOO_MANY_REQUESTS",
    );
  });

  test("is answered with 429 and the time to wait", async () => {
    const { call } = apiOf(muster, { auth: auth() });
    for (let attempt = 0; attempt < 30; attempt += 1) {
      await call("GET", "/v1/status", bearer(`wrong-${attempt}-0123456789`));
    }
    const answer = await call("GET", "/v1/status", bearer("wrong-0123456789"));
    expectProblem(answer, "TOO_MANY_REQUESTS", 429);
    expect(Number(answer.headers.get("retry-after"))).toBeWithin(1, 61);
    expect((await call("GET", "/healthz")).status).toBe(200);
  });
});

test.each([
  ["no token", { name: "a", role: "viewer" }, "needs one or two tokens"],
  [
    "three tokens",
    { name: "a", role: "viewer", tokens: [old, fresh], sha256: [hashOf("x")] },
    "needs one or two tokens",
  ],
  ["a token that is not set", { name: "a", role: "viewer", tokens: [undefined] }, "missing or has"],
  ["a short token", { name: "a", role: "viewer", tokens: ["short"] }, "fewer than 16"],
  ["a hash that is none", { name: "a", role: "viewer", sha256: ["abc"] }, "not a SHA-256"],
  ["no name", { name: " ", role: "viewer", tokens: [old] }, "needs a name"],
  ["an unknown role", { name: "a", role: "root", tokens: [old] }, "needs a name and a role"],
  [
    "an inherited role",
    { name: "a", role: "constructor", tokens: [old] },
    "needs a name and a role",
  ],
])("an entry with %s is refused when the API is made", (_, entry, sentence) => {
  expect(() => tokens([entry as never])).toThrow(sentence);
});

test("a token that two callers have is refused, and no message shows it", () => {
  const make = () =>
    tokens([
      { name: "a", role: "viewer", tokens: [old] },
      { name: "b", role: "admin", sha256: [hashOf(old)] },
    ]);
  expect(make).toThrow("Two callers have the same token.");
  expect(() => tokens([{ name: "a", role: "viewer", tokens: ["secret"] }])).not.toThrow("secret");
});
