import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";

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

test("nodes under Bun and under Node agree on apps and take each other's shards over", async () => {
  apps.add("shop");
  await Promise.all([
    cluster.start("bun-1", { runtime: "bun" }),
    cluster.start("node-1", { runtime: "node" }),
    cluster.start("node-2", { runtime: "node" }),
  ]);
  await cluster.settled("bun-1", "node-1", "node-2");
  const { items } = await cluster.node("bun-1").nodes();
  expect(items.map(({ runtime }) => runtime.split(" ")[0]).sort()).toEqual(["bun", "node", "node"]);
  const request = { id: "shop", version: "1.0.0", reason: "x" };
  await cluster.node("node-1").do({ do: "install", request });
  await cluster.waitUntil(
    "the app runs on all",
    async () => (await cluster.node("bun-1").app("shop")).converged,
  );
  expect((await fetch(`${cluster.node("node-1").url}/v1/status`)).status).toBe(200);

  const load = await startLoadOn(cluster, ["bun-1", "node-1", "node-2"]);
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );
  await cluster.kill("node-2");
  await cluster.settled("bun-1", "node-1");
  expect(await cluster.stop("bun-1")).toBe(0);
  await cluster.settled("node-1");
  const moved = load.acked;
  await cluster.waitUntil(
    "the last node answers",
    () => load.acked,
    (acked) => acked > moved + 200,
  );
  await load.stop();
  expect(await load.verify("node-1")).toMatchObject(nothingWrong);
}, 60_000);
