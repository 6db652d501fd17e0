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

test("stopping every node one by one writes no intent", async () => {
  apps.add("shop");
  apps.add("blog");
  const [first] = await cluster.startAll(3);
  await first?.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  const off = { id: "blog", version: "1.0.0", desiredStatus: "disabled", reason: "x" };
  await first?.do({ do: "install", request: off });
  await cluster.waitUntil(
    "the apps have converged",
    async () => (await first?.apps())?.items ?? [],
    (items) => items.length === 2 && items.every((app) => app.converged),
  );
  const intent = async (id: string) => {
    const { desiredStatus, generation, intentId, changedAt } = await cluster.node(id).app("shop");
    return { desiredStatus, generation, intentId, changedAt };
  };
  const before = await intent("web-1");

  expect(await cluster.stop("web-1")).toBe(0);
  expect(await intent("web-2")).toEqual(before);
  expect(await cluster.stop("web-2")).toBe(0);
  expect(await intent("web-3")).toEqual(before);
  expect(await cluster.stop("web-3")).toBe(0);

  const hooks = apps.calls().filter(({ hook }) => hook === "onDisable");
  expect(hooks.map(({ app, node, cause }) => `${app} ${node} ${cause}`).sort()).toEqual([
    "shop web-1 shutdown",
    "shop web-2 shutdown",
    "shop web-3 shutdown",
  ]);
  await cluster.start("web-4");
  expect(await intent("web-4")).toEqual(before);
  expect(await cluster.node("web-4").app("blog")).toMatchObject({ desiredStatus: "disabled" });
}, 60_000);
