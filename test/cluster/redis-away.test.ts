import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { stretch } from "../kit/stretch.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir, http: true, redis: { aof: true } });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const call = async (path: string, init: RequestInit = {}) => {
  const startedAt = performance.now();
  const response = await fetch(`${cluster.node("web-1").url}${path}`, {
    ...init,
    headers: { "content-type": "application/json" },
  });
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  return {
    status: response.status,
    tookMs: performance.now() - startedAt,
    body,
    headers: response.headers,
  };
};
const disable = () =>
  call("/v1/apps/shop/disable", { method: "POST", body: JSON.stringify({ reason: "off" }) });

test("without Redis changes get 503 within a second, reads go on marked stale, and all comes back by itself", async () => {
  apps.add("shop");
  const [first, second] = await cluster.startAll(2);
  await first?.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  await cluster.waitUntil(
    "all is well",
    async () => (await first?.status())?.verdict,
    (v) => v === "healthy",
  );

  await cluster.redis.end("kill");
  for (let n = 0; n < 5; n++) {
    const refused = await disable();
    expect(refused.body).toMatchObject({ status: 503, code: "BACKEND_UNAVAILABLE" });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.tookMs).toBeLessThan(stretch(1_000));
  }
  await cluster.waitUntil(
    "the status says that it is stale",
    async () => (await call("/v1/status")).body,
    (body) => body["stale"] === true && body["verdict"] === "unknown",
  );
  const listed = await call("/v1/apps");
  expect(listed.status).toBe(200);
  expect(listed.body).toMatchObject({
    stale: true,
    items: [{ id: "shop", desiredStatus: "enabled" }],
  });
  expect((await fetch(`${first?.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${first?.url}/readyz`)).status).toBe(200);
  expect((await fetch(`${first?.url}/readyz?require=redis`)).status).toBe(503);
  expect(apps.calls().filter(({ hook }) => hook === "onDisable")).toEqual([]);

  await cluster.redis.begin();
  for (const node of [first, second]) {
    await cluster.waitUntil(
      `${node?.id} knows how things are again`,
      async () => node?.status(),
      (status) => status?.verdict === "healthy" && status?.stale === false,
    );
  }
  expect((await disable()).status).toBe(200);
  await cluster.waitUntil("both follow", async () => (await second?.app("shop"))?.converged);
  expect((await second?.app("shop"))?.desiredStatus).toBe("disabled");
}, 60_000);
