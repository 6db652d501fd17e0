/** Updates that a node cannot follow, and pauses whose end comes by itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir });
  await cluster.startAll(3);
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

/** What each node has, as one of them tells it. */
const has = async (id: string, on = "web-2") =>
  (await cluster.node(on).rows(id)).items.map(
    ({ initStatus, nodeId, version }) => `${nodeId} ${initStatus} ${version}`,
  );
const everyNode = (id: string, ...wanted: readonly string[]) =>
  cluster.waitUntil(
    `${id}: ${wanted.join(", ")}`,
    () => has(id),
    (found) => found.join() === wanted.join(),
    { deadlineMs: 30_000 },
  );
const all = (what: string) => ["web-1", "web-2", "web-3"].map((node) => `${node} ${what}`);
const change = (verb: string, id: string, input: object = {}) =>
  cluster.node("web-1").change(verb, id, input);
const install = async (id: string) => {
  apps.add(id);
  await cluster.node("web-3").do({
    do: "install",
    request: { id, version: "1.0.0", reason: "wanted" },
  });
  await everyNode(id, ...all("auto_enabled 1.0.0"));
};
/** A version that does not load on one node. */
const addBroken = (id: string, version: string, node: string) =>
  apps.add(id, {
    version,
    source: `if (process.env.MUSTER_TEST_NODE === "${node}") throw new Error("no driver here");
export const app = {};`,
  });

test("a node that cannot load the version says so, the others run it, and a roll-back mends all", async () => {
  await install("shop");
  addBroken("shop", "2.0.0", "web-3");
  await change("update", "shop", { version: "2.0.0" });
  await cluster.waitUntil(
    "web-3 alone has failed",
    async () => (await cluster.node("web-2").rows("shop")).items,
    (rows) =>
      rows.filter(({ converged }) => converged).length === 2 &&
      rows[2]?.initStatus === "compiler_error_disabled",
    { deadlineMs: 30_000 },
  );
  expect((await has("shop")).slice(0, 2)).toEqual([
    "web-1 auto_enabled 2.0.0",
    "web-2 auto_enabled 2.0.0",
  ]);
  const app = await cluster.node("web-3").app("shop");
  expect(app).toMatchObject({ desiredStatus: "enabled", version: "2.0.0", generation: 2 });
  expect(app.nodes?.[2]?.reason?.message).toContain("no driver here");
  await change("rollback", "shop");
  await everyNode("shop", ...all("auto_enabled 1.0.0"));
}, 60_000);

test("an update that its first node cannot load halts there; one that runs there goes on by itself", async () => {
  await install("blog");
  addBroken("blog", "2.0.0", "web-1");
  await change("update", "blog", { version: "2.0.0", canary: 1 });
  const halted = await cluster.waitUntil(
    "the update is halted",
    async () => (await cluster.node("web-3").app("blog")).rollout,
    (rollout) => rollout?.phase === "halted",
    { deadlineMs: 30_000 },
  );
  expect(halted).toMatchObject({
    nodes: ["web-1"],
    from: "1.0.0",
    haltedBy: { nodeId: "web-1", reason: { code: "compile_error" } },
  });
  expect((await has("blog")).slice(1)).toEqual(all("auto_enabled 1.0.0").slice(1));
  const status = await cluster.node("web-2").status();
  expect(status.reasons.join()).toContain("the update of app blog to 2.0.0 is halted by web-1");

  apps.add("blog", { version: "3.0.0" });
  await change("update", "blog", { version: "3.0.0", canary: 1 });
  await everyNode("blog", ...all("auto_enabled 3.0.0"));
  const app = await cluster.waitUntil(
    "the update is over",
    () => cluster.node("web-2").app("blog"),
    ({ rollout }) => rollout === undefined,
  );
  expect(app).toMatchObject({ version: "3.0.0", previousVersion: "1.0.0" });
}, 60_000);

test("a paused app is left as it is; when the pause ends what was missed is done on every node", async () => {
  await install("mail");
  apps.add("mail", { version: "2.0.0" });
  const now = Date.now();
  const until = new Date(now + 12_000).toISOString();
  await change("pause", "mail", { until, owner: "rosa" });
  await change("update", "mail", { version: "2.0.0" });
  // A node that starts meanwhile comes up with what the app was.
  await cluster.kill("web-3");
  await cluster.start("web-3");
  await everyNode("mail", ...all("auto_enabled 1.0.0"));
  const app = await cluster.node("web-3").app("mail");
  expect(app).toMatchObject({ version: "2.0.0", paused: { owner: "rosa", missed: true } });
  await everyNode("mail", ...all("auto_enabled 2.0.0"));
  expect(Date.now()).toBeGreaterThanOrEqual(now + 12_000);
  expect((await cluster.node("web-1").app("mail")).paused).toBeUndefined();
}, 60_000);
