import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Alert, Listing, ReconcilerStatus } from "@muster/core";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  const reconciler = { everyMs: 300, alertAfterMs: 1_000 };
  cluster = await startCluster({ appsDir: apps.dir, reconciler });
  apps.add("shop");
  apps.breakOn("shop", "web-2");
  await cluster.startAll(3);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const status = async (id: string) =>
  (await cluster.node(id).do({ do: "reconciler" })) as ReconcilerStatus;
const alerts = async (id: string) =>
  ((await cluster.node(id).do({ do: "alerts" })) as Listing<Alert>).items;
const leader = () =>
  cluster.waitUntil("a node leads", async () => (await status("web-1")).leader, Boolean);

test("drift that lasts opens one alert that every node shows, and recovery closes it", async () => {
  await leader();
  const request = { id: "shop", version: "1.0.0", reason: "wanted" };
  await cluster.node("web-1").do({ do: "install", request });
  const id = "app-drift:shop:hook_failed";
  for (const node of ["web-1", "web-2", "web-3"]) {
    const found = await cluster.waitUntil(
      `${node} shows the alert`,
      () => alerts(node),
      (seen) => seen.some((alert) => alert.id === id && alert.closedAt === null),
      { deadlineMs: 20_000 },
    );
    expect(found.filter(({ kind }) => kind === "app-drift")).toHaveLength(1);
  }
  apps.repairOn("shop", "web-2");
  await cluster.node("web-3").do({ do: "reconcile", id: "shop", reason: "mended" });
  const closed = await cluster.waitUntil(
    "the alert is closed",
    () => alerts("web-1"),
    (seen) => seen.some((alert) => alert.id === id && alert.closedAt !== null),
    { deadlineMs: 20_000 },
  );
  expect(closed.find((alert) => alert.id === id)).toMatchObject({ count: 1 });
}, 60_000);

test("a frozen leader is replaced, and leads no more when it is thawed", async () => {
  const former = (await leader()) ?? "";
  const { fence } = await status(former);
  const other = former === "web-1" ? "web-2" : "web-1";
  cluster.freeze(former);
  const next = await cluster.waitUntil(
    "another node leads",
    () => status(other),
    (seen) => seen.leader !== former && seen.fence > fence,
    { deadlineMs: 30_000 },
  );
  cluster.thaw(former);
  await cluster.waitUntil(
    "the thawed node sees who leads",
    () => status(former),
    (seen) => seen.leader !== former && !seen.stale,
    { deadlineMs: 20_000 },
  );
  expect((await status(other)).fence).toBeGreaterThanOrEqual(next.fence);
}, 90_000);
