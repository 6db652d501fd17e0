import { describe, expect, test } from "bun:test";
import { expectProblem, fieldsOf, missingCodeOf, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable, withParams } from "./table-kit.test.ts";

const { call, send, expectRefused } = useTable();

const hostileIds = [
  "%2f",
  "a%2fb",
  "..%2f..%2fetc%2fpasswd",
  "%2e%2e%2fcrm-sync",
  "%252e%252e%252f",
  "%00",
  "crm-sync%00",
  "crm-sync%0a",
  "crm-sync%0d%0aset-cookie:x",
  "CRM-SYNC",
  "-crm",
  "crm%20sync",
  "%zz",
  "%",
  "%c0%af",
  "%ff%fe",
  "%E2%80%AE",
  "__proto__",
  "a".repeat(65),
  "a".repeat(10_000),
  "crm-sync;x=1",
  "*",
  "$(id)",
  "<script>",
];

/** Numbers and actors have rules of their own: explained.test.ts. */
const withId = withParams.filter(({ params }) => fieldsOf(params).join() === "id");

describe.each(withId.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("refuses ids that are none", async () => {
    for (const id of hostileIds) {
      const request = () => send(route, { path: pathOf(route, id) });
      const answer = await expectRefused(request, "VALIDATION", 422);
      expect(Object.keys(answer.json.fieldErrors)).toEqual(["id"]);
    }
  });

  test("does not find an id that nothing has", async () => {
    for (const id of ["nobody", "constructor", "tostring", "hasownproperty"]) {
      const isAlert = route.path.startsWith("/v1/alerts");
      const path = pathOf(route, isAlert ? `app-drift:${id}:x` : id);
      const answer = await expectRefused(() => send(route, { path }));
      expect([answer.json.code, answer.status]).toEqual([missingCodeOf(route), 404]);
      expect(answer.json.detail).toContain(id);
    }
  });
});

test("paths with dots lead nowhere but to a route's own address", async () => {
  for (const path of [
    "/v1/../../etc/passwd",
    "/v1/apps/../../../x",
    "/v1/%2e%2e/%2e%2e/x",
    "//v1/status",
    "/v1//status",
    "/v1/status/",
    "/V1/STATUS",
    "/v1/status%00",
    "/v1/status%2f",
    "/v1/status;x",
    `/${"a/".repeat(4_000)}`,
    "/.env",
    "/packages",
    "/\\..\\x",
  ]) {
    expectProblem(await call("GET", path, { as: "admin" }), "ROUTE_NOT_FOUND", 404);
  }
});

test("a path in a problem is cut", async () => {
  const answer = await call("GET", `/${"x".repeat(8_000)}`, { as: "admin" });
  expect(answer.json.detail.length).toBeLessThan(300);
});

test("every path answers other methods with 405 and those it has", async () => {
  const paths = new Map<string, string[]>([["/", ["GET", "HEAD"]]]);
  for (const route of routes) {
    const methods = route.method === "get" ? ["GET", "HEAD"] : [route.method.toUpperCase()];
    const path = pathOf(route, route.params && "crm-sync").split("?")[0] ?? "";
    paths.set(path, [...(paths.get(path) ?? []), ...methods]);
  }
  for (const [path, methods] of paths) {
    for (const method of [
      "GET",
      "POST",
      "PUT",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "PROPFIND",
      "PURGE",
    ]) {
      if (methods.includes(method)) continue;
      const answer = await call(method, path, { as: "admin" });
      expectProblem(answer, "METHOD_NOT_ALLOWED", 405);
      expect(answer.headers.get("allow")?.split(", ").sort()).toEqual([...methods].sort());
    }
  }
});
