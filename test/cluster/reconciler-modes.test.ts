import { afterAll, beforeAll, expect, test } from "bun:test";
import type {
  Listing,
  NodeView,
  ReconcileItem,
  ReconcilerPass,
  ReconcilerStatus,
} from "@muster/core";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  const reconciler = { everyMs: 300, alertAfterMs: 1_000, reapAfterMs: 2_000 };
  cluster = await startCluster({ appsDir: apps.dir, reconciler });
  for (const id of ["blog", "shop"]) {
    apps.add(id);
    apps.breakOn(id, "web-2");
  }
  await cluster.startAll(3);
  for (const id of ["blog", "shop"]) {
    const request = { id, version: "1.0.0", reason: "wanted" };
    await cluster.node("web-1").do({ do: "install", request });
  }
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const setMode = async (options: object) =>
  (await cluster.node("web-1").do({ do: "mode", options })) as ReconcilerStatus;
const pass = async () => (await cluster.node("web-1").do({ do: "pass" })) as ReconcilerPass;
const nodeIds = async () =>
  ((await cluster.node("web-1").do({ do: "nodes" })) as Listing<NodeView>).items.map(
    ({ id, state }) => `${id} ${state}`,
  );

test("bulk reconcile answers for each app and node, also where a node does not hear", async () => {
  await cluster.waitUntil(
    "web-2 has failed",
    async () => (await cluster.node("web-1").rows("shop"))?.items,
    (rows) =>
      rows?.find(({ nodeId }) => nodeId === "web-2")?.initStatus === "error_disabled" &&
      rows.every(({ nodeId, converged }) => nodeId === "web-2" || converged),
  );
  await cluster.waitUntil(
    "so has the other app",
    async () => (await cluster.node("web-1").rows("blog"))?.items,
    (rows) => rows?.find(({ nodeId }) => nodeId === "web-2")?.initStatus === "error_disabled",
  );
  cluster.freeze("web-2");
  const request = { do: "reconcileAll", reason: "asked" } as const;
  const items = (await cluster.node("web-1").do(request, 30_000)) as readonly ReconcileItem[];
  const shown = items
    .filter(({ result }) => result !== "skipped")
    .map(({ appId, nodeId, result }) => `${appId} ${nodeId} ${result}`);
  expect(shown.sort()).toEqual(["blog web-2 failed", "shop web-2 failed"]);
  cluster.thaw("web-2");
  await cluster.waitUntil("web-2 is back", nodeIds, (ids) => ids.includes("web-2 up"));
}, 60_000);

test("passes that observe look and alarm, and touch nothing", async () => {
  expect(await setMode({ mode: "observe", reason: "first week" })).toMatchObject({
    mode: "observe",
  });
  const seen = await cluster.waitUntil("a pass observes", pass, ({ because }) => because !== null);
  expect(seen).toMatchObject({ because: "observe", repaired: 0, reaped: 0 });
  expect(seen.skipped).toBe(seen.drifted);
  await setMode({ mode: "enforce", reason: "seen enough" });
}, 60_000);

test("a pause ends by itself, and what was missed is done then", async () => {
  const until = new Date(Date.now() + 8_000).toISOString();
  const options = { mode: "paused", until, owner: "night shift", reason: "maintenance" };
  expect(await setMode(options)).toMatchObject({ mode: "paused", set: { owner: "night shift" } });
  await cluster.kill("web-3");
  await cluster.waitUntil("web-3 is lost", nodeIds, (ids) => ids.includes("web-3 lost"));
  const paused = await pass();
  if (Date.now() < Date.parse(until) - 500) {
    expect(paused).toMatchObject({ because: "paused", reaped: 0 });
  }
  await cluster.waitUntil(
    "the pause is over, and web-3 is forgotten",
    async () => {
      const { mode } = (await cluster.node("web-1").do({ do: "reconciler" })) as ReconcilerStatus;
      return { mode, ids: await nodeIds(), at: Date.now() };
    },
    ({ mode, ids }) => mode === "enforce" && !ids.some((each) => each.startsWith("web-3")),
    { deadlineMs: 40_000 },
  );
  expect(Date.now()).toBeGreaterThan(Date.parse(until) - 500);
}, 90_000);
