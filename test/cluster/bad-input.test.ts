import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  apps.add("shop");
  cluster = await startCluster({ appsDir: apps.dir, http: true });
  const first = await cluster.start("web-1");
  await first.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
const badBodies: readonly string[] = [
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "1e999",
  '{"reason":7}',
  '{"reason":""}',
  '{"reason":"x","surprise":true}',
  '{"__proto__":{"reason":"x"},"id":"ok","version":"1"}',
  '{"id":"../../etc/passwd","version":"1","reason":"x"}',
  '{"id":"UPPER","version":"1","reason":"x"}',
  '{"id":"ok","version":"","reason":"x","settings":[]}',
  '{"id":"ok","version":"1.0.0","reason":"x","desiredStatus":"uninstalled"}',
  JSON.stringify({ id: "a".repeat(65), version: "1", reason: "x" }),
  JSON.stringify({ id: "ok", version: "1", reason: "\u0000".repeat(10_000) }),
  deep,
  "\ufeff{}",
  "x".repeat(300_000),
];
const badIds: readonly string[] = [
  "UPPER",
  "..%2f..",
  "%00",
  "%ff",
  "a%20b",
  "-x",
  "x".repeat(300),
  "%7B%7D",
];

/** Routes of the API as it describes itself, so that a new one is hit without being named here. */
const describedRoutes = async (): Promise<
  readonly { readonly method: string; readonly path: string }[]
> => {
  const response = await fetch(`${cluster.node("web-1").url}/openapi.json`);
  const { paths } = (await response.json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
};
const isStream = (path: string): boolean => path.endsWith("/events");

/** Fails unless the answer is a documented error or a success, and never a server's fault. */
const checked = async (method: string, path: string, body?: string, type = "application/json") => {
  const response = await fetch(`${cluster.node("web-1").url}${path}`, {
    method,
    ...(body !== undefined && { body, headers: { "content-type": type } }),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await response.text();
  const what = `${method} ${path.slice(0, 80)} ${body?.slice(0, 60) ?? ""} → ${response.status} ${text.slice(0, 200)}`;
  expect(response.status, what).toBeLessThan(500);
  if (response.status >= 400) {
    expect(response.headers.get("content-type"), what).toContain("application/problem+json");
    expect(JSON.parse(text), what).toMatchObject({
      status: response.status,
      code: expect.any(String),
      title: expect.any(String),
    });
    expect(text, what).not.toContain("node_modules");
    expect(text, what).not.toMatch(/\bat .*\.(ts|js):\d+/);
  }
  return response.status;
};

test("every route answers bad bodies, types, ids and queries with a documented error", async () => {
  const routes = await describedRoutes();
  expect(routes.length).toBeGreaterThan(10);
  const before = await cluster.node("web-1").apps();
  for (const { method, path } of routes.filter((route) => !isStream(route.path))) {
    const real = path.replaceAll(/\{[^}]+\}/g, "shop");
    for (const id of badIds)
      await checked(method, path.replaceAll(/\{[^}]+\}/g, id), method === "GET" ? undefined : "{}");
    if (method === "GET") {
      for (const query of [
        "?limit=-1",
        "?limit=abc",
        "?cursor=%ff",
        "?limit=1e9&limit=2",
        "?q=%00",
        "?desired=maybe",
      ]) {
        await checked(method, real + query);
      }
      continue;
    }
    for (const body of badBodies) {
      const status = await checked(method, real, body);
      if (method !== "DELETE")
        expect(status, `${method} ${real} took ${body.slice(0, 60)}`).toBeGreaterThanOrEqual(400);
    }
    expect(await checked(method, real, '{"reason":"x"}', "text/plain")).toBeGreaterThanOrEqual(400);
  }
  for (const path of ["/v1/nothing", "/v1/apps/shop/nothing", "//", "/v1/..;/status"]) {
    for (const method of ["GET", "POST", "DELETE"])
      await checked(method, path, method === "GET" ? undefined : "{}");
  }
  const intents = ({ items }: typeof before) =>
    items.map(({ id, intentId }) => `${id} ${intentId}`);
  expect(intents(await cluster.node("web-1").apps())).toEqual(intents(before));
  await cluster.waitUntil(
    "the node is well",
    () => cluster.node("web-1").status(),
    ({ verdict }) => verdict === "healthy",
  );
}, 120_000);
