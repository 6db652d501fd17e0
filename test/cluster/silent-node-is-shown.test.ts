import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir, http: true });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

test("a frozen node is shown as silent, with its last row marked stale, and spoils nothing", async () => {
  apps.add("shop");
  apps.add("blog");
  const [first, second] = await cluster.startAll(3);
  await first?.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  await cluster.waitUntil(
    "the app runs everywhere",
    async () => (await first?.app("shop"))?.converged,
  );

  cluster.freeze("web-3");
  for (const node of [first, second]) {
    await cluster.waitUntil(
      `${node?.id} shows web-3 as gone`,
      async () => (await node?.nodes())?.items.map(({ id, state }) => `${id} ${state}`),
      (shown) =>
        shown?.includes("web-3 lost") === true || shown?.includes("web-3 suspect") === true,
    );
    const rows = (await node?.rows("shop"))?.items ?? [];
    expect(rows.map(({ nodeId, stale, initStatus }) => ({ nodeId, stale, initStatus }))).toEqual([
      { nodeId: "web-1", stale: false, initStatus: "auto_enabled" },
      { nodeId: "web-2", stale: false, initStatus: "auto_enabled" },
      { nodeId: "web-3", stale: true, initStatus: "auto_enabled" },
    ] as never);
    const status = await node?.status();
    expect(status?.verdict).toBe("degraded");
    expect(status?.reasons.join("\n")).toContain("web-3");
    const response = await fetch(`${node?.url}/v1/status/apps`);
    expect(response.status).toBe(200);
  }
  await cluster.waitUntil(
    "every shard has an owner again",
    async () => (await first?.status())?.shards.unowned,
    (n) => n === 0,
  );
  await second?.do({ do: "install", request: { id: "blog", version: "1.0.0", reason: "x" } });
  await cluster.waitUntil(
    "the living nodes run a new app",
    () => apps.calls().filter(({ app }) => app === "blog").length,
    (n) => n === 2,
  );

  cluster.thaw("web-3");
  await cluster.waitUntil(
    "all is well again",
    async () => first?.status(),
    (status) => status?.verdict === "healthy",
  );
}, 60_000);
