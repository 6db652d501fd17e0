import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { stretchedLease } from "../kit/stretch.ts";

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

test("a healed node converges to the present intent, not to one it missed or last saw", async () => {
  apps.add("shop");
  apps.add("blog");
  const [first] = await cluster.startAll(3);
  for (const id of ["shop", "blog"]) {
    await first?.do({ do: "install", request: { id, version: "1.0.0", reason: "x" } });
  }
  const hooks = (app: string) =>
    apps
      .calls()
      .filter((call) => call.node === "web-3" && call.app === app)
      .map(({ hook }) => hook);
  await cluster.waitUntil(
    "web-3 runs both apps",
    () => [...hooks("shop"), ...hooks("blog")],
    (seen) => seen.length === 2,
  );

  cluster.cut("web-3");
  await cluster.waitUntil(
    "the others take web-3 for gone",
    async () => (await cluster.node("web-1").nodes()).items.find(({ id }) => id === "web-3")?.state,
    (state) => state === "lost" || state === "suspect",
    { deadlineMs: stretchedLease().leaseMs * 4 },
  );
  await first?.do({ do: "disable", id: "shop", reason: "off" });
  await first?.do({ do: "disable", id: "blog", reason: "off" });
  await first?.do({ do: "enable", id: "blog", reason: "on again" });
  expect(hooks("shop")).toEqual(["onEnable"]);

  cluster.heal("web-3");
  await cluster.waitUntil(
    "all three agree on both apps",
    async () => (await cluster.node("web-1").apps()).items,
    (items) =>
      items.every(
        (app) => app.converged && app.nodes?.length === 3 && app.nodes.every((row) => !row.stale),
      ),
  );
  expect(hooks("shop")).toEqual(["onEnable", "onDisable"]);
  expect(hooks("blog").at(-1)).toBe("onEnable");
  expect((await cluster.node("web-3").app("shop")).desiredStatus).toBe("disabled");
  expect((await cluster.node("web-3").app("blog")).desiredStatus).toBe("enabled");
}, 60_000);
