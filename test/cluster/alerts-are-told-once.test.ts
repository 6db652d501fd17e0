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
  for (const id of ["blog", "shop"]) {
    apps.add(id);
    for (const node of ["web-1", "web-2", "web-3"]) apps.breakOn(id, node);
  }
  await cluster.startAll(3);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const ids = ["app-drift:blog:hook_failed", "app-drift:shop:hook_failed"];
const status = async (node: string) =>
  (await cluster.node(node).do({ do: "reconciler" })) as ReconcilerStatus;
const drift = async (node: string) => {
  const { items } = (await cluster.node(node).do({ do: "alerts" })) as Listing<Alert>;
  return items.filter(({ kind }) => kind === "app-drift").sort((a, b) => (a.id < b.id ? -1 : 1));
};
/** Keys under which the sinks were told of it; a repeat after a crash has the same. */
const told = (what: string) =>
  new Set(cluster.witness.records.filter(({ key }) => key === what).map(({ fence }) => fence)).size;

test("one alert for each app and cause stands across a change of leader, and sinks hear of it once", async () => {
  for (const id of ["blog", "shop"]) {
    const request = { id, version: "1.0.0", reason: "wanted" };
    await cluster.node("web-1").do({ do: "install", request });
  }
  const opened = await cluster.waitUntil(
    "both drift for too long",
    () => drift("web-1"),
    (alerts) => alerts.length === 2 && alerts.every(({ message }) => /web-1.*web-3/.test(message)),
    { deadlineMs: 30_000 },
  );
  expect(opened.map(({ id }) => id)).toEqual(ids);

  const { leader, fence } = await status("web-1");
  const former = leader ?? "";
  const others = ["web-1", "web-2", "web-3"].filter((id) => id !== former);
  const [asked = ""] = others;
  cluster.freeze(former);
  await cluster.waitUntil(
    "another node leads, and has looked",
    () => status(asked),
    (seen) =>
      seen.fence > fence &&
      seen.passes.some((pass) => pass.fence === seen.fence && pass.drifted > 0),
    { deadlineMs: 40_000 },
  );
  cluster.thaw(former);
  await cluster.settled("web-1", "web-2", "web-3");
  const later = await drift(asked);
  const part = ({ id, openedAt, count, closedAt }: Alert) => ({ id, openedAt, count, closedAt });
  expect(later.map(part)).toEqual(opened.map(part));
  expect(ids.map((id) => told(`alert.opened ${id}`))).toEqual([1, 1]);
  expect(ids.map((id) => told(`alert.closed ${id}`))).toEqual([0, 0]);

  for (const id of ["blog", "shop"]) {
    for (const node of ["web-1", "web-2", "web-3"]) apps.repairOn(id, node);
  }
  await cluster.node(asked).do({ do: "reconcileAll", reason: "mended" });
  await cluster.waitUntil(
    "both alerts are closed",
    () => drift(asked),
    (alerts) => alerts.every(({ closedAt }) => closedAt !== null),
    { deadlineMs: 30_000 },
  );
  await cluster.waitUntil(
    "the sinks were told of both",
    () => ids.map((id) => told(`alert.closed ${id}`)),
    (times) => times.every((count) => count > 0),
  );
  expect(ids.map((id) => told(`alert.closed ${id}`))).toEqual([1, 1]);
  expect(ids.map((id) => told(`alert.opened ${id}`))).toEqual([1, 1]);
}, 150_000);
