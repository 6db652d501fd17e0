import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { Hono } from "hono";
import { apiOf, callOf, seedNode, startNode } from "./http-kit.test.ts";
import { expectProblem, isChange, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
  await seedNode(muster);
});
afterAll(() => muster.stop());

const mounts: Readonly<Record<string, [pattern: string, base: string]>> = {
  "a path": ["/ops", "/ops"],
  "a longer path": ["/internal/v1/ops", "/internal/v1/ops"],
  "a path with a parameter": ["/:tenant/ops", "/blue/ops"],
  "a path with dots": ["/ops.v2", "/ops.v2"],
};

describe.each(Object.entries(mounts))("below %s", (_, [pattern, base]) => {
  const mounted = () => {
    const outer = new Hono();
    outer.get("/else", (c) => c.text("not ours"));
    outer.route(pattern, apiOf(muster).app);
    outer.notFound((c) => c.text("outer", 404));
    return callOf(outer);
  };

  test.each(
    routes.filter((route) => !isChange(route)).map((route) => [nameOf(route), route] as const),
  )("%s answers as without it", async (_name, route) => {
    const answer = await mounted()("GET", `${base}${pathOf(route)}`, { as: "admin" });
    const plain = await apiOf(muster).call("GET", pathOf(route), { as: "admin" });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json ?? {})).toEqual(Object.keys(plain.json ?? {}));
  });

  test("a change is made", async () => {
    const path = `${base}/v1/apps/crm-sync/enable`;
    const answer = await mounted()("POST", path, { as: "admin", body: { reason: "x" } });
    expect([answer.status, answer.json.app.id]).toEqual([200, "crm-sync"]);
  });

  test("what is no route is a problem, and what is beside the mount is the outer app's", async () => {
    const call = mounted();
    expectProblem(await call("GET", `${base}/nope`, { as: "viewer" }), "ROUTE_NOT_FOUND", 404);
    expectProblem(
      await call("GET", `${base}/x/v1/status`, { as: "viewer" }),
      "ROUTE_NOT_FOUND",
      404,
    );
    const wrong = await call("PUT", `${base}/v1/status`, { as: "viewer" });
    expectProblem(wrong, "METHOD_NOT_ALLOWED", 405);
    expect(wrong.headers.get("allow")).toBe("GET, HEAD");
    expectProblem(await call("GET", `${base}/v1/status`), "UNAUTHENTICATED", 401);
    expect((await call("GET", "/else")).text).toBe("not ours");
    if (pattern === base) expect((await call("GET", `${base}x`)).text).toBe("outer");
  });

  test("the page is at the address with a slash, and the one without leads there", async () => {
    const call = mounted();
    const bare = await call("GET", `${base}?tab=apps`);
    expect(bare.status).toBe(302);
    const target = new URL(bare.headers.get("location") ?? "", `http://x${base}`);
    expect(target.pathname + target.search).toBe(`${base}/?tab=apps`);
    const page = await call("GET", `${base}/?tab=apps`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    for (const path of [base, `${base}/`]) {
      expectProblem(await call("POST", path, { body: {} }), "METHOD_NOT_ALLOWED", 405);
    }
  });
});

test("a mount below two apps keeps its addresses", async () => {
  const inner = new Hono();
  inner.route("/ops", apiOf(muster).app);
  const outer = new Hono();
  outer.route("/:tenant", inner);
  const call = callOf(outer);
  expect((await call("GET", "/blue/ops/v1/apps/crm-sync", { as: "viewer" })).status).toBe(200);
  expect((await call("GET", "/blue/ops/")).status).toBe(200);
  expectProblem(await call("GET", "/blue/ops/nope"), "ROUTE_NOT_FOUND", 404);
});

test("a redirect stays on the same server, whatever the mount is called", async () => {
  const outer = new Hono();
  outer.route("/:name", apiOf(muster).app);
  for (const name of [
    "javascript:alert(1)",
    "https:",
    "evil.example",
    "%2f%2fevil.example",
    "%5cevil",
  ]) {
    const { headers } = await callOf(outer)("GET", `/${name}`);
    const target = new URL(headers.get("location") ?? "", `http://ops.example/${name}`);
    expect([target.origin, target.pathname]).toEqual(["http://ops.example", `/${name}/`]);
  }
});

test("one node may have several mounts with rules of their own", async () => {
  const outer = new Hono();
  outer.route("/read", apiOf(muster, { readOnly: true }).app);
  outer.route("/write", apiOf(muster).app);
  const call = callOf(outer);
  const more = { as: "admin", body: { reason: "x" } } as const;
  expectProblem(await call("POST", "/read/v1/apps/crm-sync/enable", more), "READ_ONLY", 403);
  expect((await call("POST", "/write/v1/apps/crm-sync/enable", more)).status).toBe(200);
});

describe.each(
  routes.filter((route) => !isChange(route)).map((route) => [nameOf(route), route] as const),
)("HEAD of %s", (_, route) => {
  test("has the headers of the answer and no body", async () => {
    const { call } = apiOf(muster);
    const head = await call("HEAD", pathOf(route), { as: "admin" });
    const get = await call("GET", pathOf(route), { as: "admin" });
    expect([head.status, head.text]).toEqual([200, ""]);
    for (const name of ["content-type", "cache-control"]) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });
});

test("the page may load nothing but itself and be framed by nobody", async () => {
  const { call } = apiOf(muster);
  const policies = [];
  for (let i = 0; i < 2; i += 1) {
    const { headers, text } = await call("GET", "/");
    const policy = headers.get("content-security-policy") ?? "";
    const nonce = /script-src 'nonce-([\w-]{22})'/.exec(policy)?.[1] ?? "none";
    expect(text).toContain(`nonce="${nonce}"`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cache-control")).toBe("no-store");
    policies.push(policy);
  }
  expect(policies[0]).not.toBe(policies[1]);
});
