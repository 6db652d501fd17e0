import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir });
  apps.add("shop");
  apps.breakOn("shop", "web-2");
  await cluster.startAll(3);
  const request = { id: "shop", version: "1.0.0", reason: "wanted" };
  await cluster.node("web-1").do({ do: "install", request });
  await cluster.waitUntil("web-2 has failed more than once, the others run the app", async () => {
    const { items } = await cluster.node("web-3").rows("shop");
    const failed = items.find(({ nodeId }) => nodeId === "web-2");
    const others = items.filter(({ nodeId }) => nodeId !== "web-2");
    return failed?.initStatus === "error_disabled" && failed.attempts > 1
      ? others.every(({ converged }) => converged)
      : false;
  });
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

test("any node explains who does not agree, why, and what happens next", async () => {
  const told = await cluster.node("web-3").do({ do: "explain", id: "shop" });
  expect(told).toMatchObject({
    intent: { desiredStatus: "enabled", reason: "wanted" },
    sentence: expect.stringMatching(/2 of 3 nodes agree\. web-2 is error_disabled: .+ tried again/),
    command: expect.stringContaining("muster apps reconcile shop --node web-2"),
  });
  expect(await cluster.node("web-3").do({ do: "diff" })).toMatchObject({
    items: [{ appId: "shop", nodeId: "web-2", differences: [{ field: "status" }] }],
  });
  const compare = { do: "compare", a: "web-1", b: "web-2" } as const;
  expect(await cluster.node("web-3").do(compare)).toMatchObject({
    items: [{ appId: "shop", sentence: expect.stringContaining("web-2 is error_disabled") }],
  });
});

test("a wait that is not met names who blocks it", async () => {
  const wait = { do: "wait", for: "app/shop=converged", timeoutMs: 300 } as const;
  const ended = await cluster
    .node("web-1")
    .do(wait)
    .catch((error: Error) => error.message);
  expect(ended).toMatch(/WAIT_TIMEOUT.+web-2 \(shop\)/);
});

test("a frozen node is told as silent by a reconcile, and the others are not held up", async () => {
  cluster.freeze("web-2");
  const items = await cluster.node("web-1").do({ do: "reconcile", id: "shop", reason: "try" });
  cluster.thaw("web-2");
  expect(items).toEqual([
    expect.objectContaining({ nodeId: "web-1", result: "skipped", code: "converged" }),
    expect.objectContaining({ nodeId: "web-2", result: "failed", code: "node_silent" }),
    expect.objectContaining({ nodeId: "web-3", result: "skipped", code: "converged" }),
  ]);
}, 30_000);

test("a repaired node tries at once when any node asks it to, and a wait ends with it", async () => {
  await cluster.waitUntil("web-2 is up again", async () => {
    const { items } = await cluster.node("web-1").nodes();
    return items.every(({ state }) => state === "up");
  });
  apps.repairOn("shop", "web-2");
  const waiting = cluster
    .node("web-3")
    .do({ do: "wait", for: "app/shop=converged", timeoutMs: 20_000 });
  const items = await cluster.node("web-1").do({ do: "reconcile", id: "shop", reason: "mended" });
  const mine = (items as readonly { nodeId: string; result: string }[]).find(
    ({ nodeId }) => nodeId === "web-2",
  );
  // It may have come to its own retry just before.
  expect(["repaired", "skipped"]).toContain(mine?.result ?? "");
  expect(await waiting).toMatchObject({ satisfied: true, notConfirmed: [] });
}, 30_000);
