import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir, redis: { aof: true } });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

test("a disabled app stays disabled when all nodes and Redis are killed and started again", async () => {
  apps.add("shop");
  const [first] = await cluster.startAll(3);
  await first?.do({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  const converged = (id: string) => async () => (await cluster.node(id).app("shop")).converged;
  await cluster.waitUntil("the app runs everywhere", converged("web-1"));
  await cluster.node("web-2").do({ do: "disable", id: "shop", reason: "it misbehaves" });
  await cluster.waitUntil("the app is off everywhere", converged("web-1"));
  const before = await cluster.node("web-1").app("shop");

  for (const { id } of cluster.nodes()) await cluster.kill(id);
  await cluster.redisRestart("kill");
  const hooksBefore = apps.calls().length;
  await cluster.startAll(3);
  for (const { id } of cluster.nodes()) {
    await cluster.waitUntil(`${id} reports agreement`, converged(id));
    expect(await cluster.node(id).app("shop")).toMatchObject({
      desiredStatus: "disabled",
      intentId: before.intentId,
      generation: before.generation,
      reason: "it misbehaves",
    });
  }
  expect(apps.calls().slice(hooksBefore)).toEqual([]);
}, 60_000);
