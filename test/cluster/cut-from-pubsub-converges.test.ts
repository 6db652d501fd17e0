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

test("a node that hears no message follows intent by its sweeps", async () => {
  apps.add("shop");
  const [first] = await cluster.startAll(3);
  await first?.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  const hooks = () =>
    apps
      .calls()
      .filter(({ node }) => node === "web-3")
      .map(({ hook }) => hook);
  await cluster.waitUntil("web-3 runs the app", hooks, (seen) => seen.includes("onEnable"));

  cluster.cut("web-3", "silent", (link) => link.subscriber);
  await first?.do({ do: "disable", id: "shop", reason: "off" });
  await cluster.waitUntil(
    "web-3 has turned the app off",
    hooks,
    (seen) => seen.at(-1) === "onDisable",
  );
  await cluster.waitUntil(
    "the others see that web-3 agrees",
    async () => (await cluster.node("web-1").app("shop")).converged,
  );
  expect((await cluster.node("web-3").app("shop")).desiredStatus).toBe("disabled");
}, 60_000);
