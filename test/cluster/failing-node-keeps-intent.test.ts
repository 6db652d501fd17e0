import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

test("an app that cannot run on one node keeps its intent and runs on the others", async () => {
  apps.add("shop");
  apps.breakOn("shop", "web-2");
  const [first] = await cluster.startAll(3);
  const request = { id: "shop", version: "1.0.0", reason: "wanted" };
  await first?.do({ do: "install", request });
  const before = await first?.app("shop");

  const statuses = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = await cluster.node("web-1").rows("shop");
    return Object.fromEntries(items.map((row) => [row.nodeId, row.initStatus]));
  };
  await cluster.waitUntil(
    "web-2 reports its failure and the others run the app",
    statuses,
    (found) =>
      found["web-2"] === "error_disabled" &&
      found["web-1"] === "auto_enabled" &&
      found["web-3"] === "auto_enabled",
  );
  await cluster.waitUntil(
    "web-2 has tried several times",
    () =>
      apps.calls().filter((call) => call.node === "web-2" && call.hook === "onEnable").length >= 3,
  );
  for (const node of cluster.nodes()) {
    const seen = await node.app("shop");
    expect(seen).toMatchObject({
      desiredStatus: "enabled",
      generation: before?.generation,
      intentId: before?.intentId,
      converged: false,
    });
  }

  apps.repairOn("shop", "web-2");
  await cluster.waitUntil(
    "web-2 comes round by itself",
    statuses,
    (found) => found["web-2"] === "auto_enabled",
  );
  expect(await first?.app("shop")).toMatchObject({ intentId: before?.intentId, converged: true });
}, 60_000);
