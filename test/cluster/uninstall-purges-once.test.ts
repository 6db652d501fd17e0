/** An uninstall tears the app down on every node that has it, and purges once, whoever is away. */
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

const nodesOf = (id: string, hook: string) =>
  apps
    .calls()
    .filter((call) => call.app === id && call.hook === hook)
    .map(({ node }) => node);
/** Nodes that have torn it down, each as often as it was tried. */
const tornDown = (id: string) => nodesOf(id, "onUninstall").sort();
const purges = (id: string) => nodesOf(id, "purge").length;

const installed = async (id: string) => {
  apps.add(id);
  await cluster.node("web-1").do({
    do: "install",
    request: { id, version: "1.0.0", reason: "wanted" },
  });
  await cluster.waitUntil(
    `${id} runs on all three nodes`,
    async () => (await cluster.node("web-1").rows(id)).items,
    (rows) => rows.length === 3 && rows.every(({ converged }) => converged),
  );
};
const uninstall = (id: string) => cluster.node("web-1").change("uninstall", id, {});
const waitingFor = async (id: string, on = "web-1") =>
  ((await cluster.node(on).app(id)).uninstall?.waitingFor ?? []).map(({ nodeId }) => nodeId);
const goneFrom = (id: string, ...nodes: readonly string[]) =>
  Promise.all(
    nodes.map((name) =>
      cluster.waitUntil(
        `${name} lists ${id} no more`,
        async () => ({
          listed: (await cluster.node(name).apps()).items.map((app) => app.id),
          reported: Object.keys((await cluster.node(name).do({ do: "report" })) as object),
        }),
        ({ listed, reported }) => !listed.includes(id) && !reported.includes(id),
        { deadlineMs: 30_000 },
      ),
    ),
  );

test("three nodes tear down, one purges, none lists it; again is a success that does nothing", async () => {
  await installed("shop");
  const asked = await uninstall("shop");
  expect([asked.changed, asked.app.desiredStatus]).toEqual([true, "uninstalled"]);
  await goneFrom("shop", "web-1", "web-2", "web-3");
  expect(tornDown("shop")).toEqual(["web-1", "web-2", "web-3"]);
  expect(purges("shop")).toBe(1);
  expect(apps.calls().at(-1)?.hook).toBe("purge");
  expect((await uninstall("shop")).changed).toBe(false);
  expect([tornDown("shop").length, purges("shop")]).toEqual([3, 1]);
}, 60_000);

test("a node that joins in the middle is waited for, and the one in the way is named", async () => {
  await installed("blog");
  apps.holdOn("blog", "web-3");
  await uninstall("blog");
  await cluster.waitUntil(
    "web-3 is the one waited for",
    () => waitingFor("blog"),
    (names) => names.join() === "web-3",
  );
  const told = (await cluster.node("web-2").do({ do: "explain", id: "blog" })) as {
    readonly sentence: string;
    readonly command: string;
  };
  expect(told.sentence).toMatch(/uninstall has waited for web-3 \(up\) for \d+ s: .*cannot go/);
  expect(told.command).toBe("muster nodes get web-3");

  await cluster.start("web-4");
  await cluster.waitUntil(
    "web-4 has nothing of it",
    async () =>
      (await cluster.node("web-4").rows("blog")).items.find(({ nodeId }) => nodeId === "web-4"),
    (row) => row?.converged === true,
  );
  expect(purges("blog")).toBe(0);
  apps.releaseOn("blog", "web-3");
  await goneFrom("blog", "web-1", "web-2", "web-3", "web-4");
  expect([...new Set(tornDown("blog"))]).toEqual(["web-1", "web-2", "web-3"]);
  expect(purges("blog")).toBe(1);
  await cluster.stop("web-4");
}, 60_000);

test("a frozen node is not waited for once it is lost; thawed it tears down, and purges nothing", async () => {
  await installed("mail");
  cluster.freeze("web-3");
  await cluster.waitUntil(
    "web-3 is lost",
    async () => (await cluster.node("web-1").nodes()).items.find(({ id }) => id === "web-3")?.state,
    (state) => state === "lost",
    { deadlineMs: 30_000 },
  );
  await uninstall("mail");
  await goneFrom("mail", "web-1", "web-2");
  expect(tornDown("mail")).toEqual(["web-1", "web-2"]);
  expect(purges("mail")).toBe(1);
  cluster.thaw("web-3");
  await cluster.waitUntil(
    "web-3 has torn it down",
    () => tornDown("mail"),
    (nodes) => nodes.includes("web-3"),
    { deadlineMs: 30_000 },
  );
  await goneFrom("mail", "web-3");
  expect([tornDown("mail").length, purges("mail")]).toEqual([3, 1]);
}, 90_000);

test("a node that is started again later tears down what it had left, and purges nothing", async () => {
  await installed("chat");
  await cluster.kill("web-3");
  await uninstall("chat");
  await goneFrom("chat", "web-1", "web-2");
  expect(purges("chat")).toBe(1);
  await cluster.start("web-3");
  await cluster.waitUntil(
    "web-3 has torn it down",
    () => tornDown("chat"),
    (nodes) => nodes.join() === "web-1,web-2,web-3",
    { deadlineMs: 30_000 },
  );
  await goneFrom("chat", "web-3");
  expect([tornDown("chat").length, purges("chat")]).toEqual([3, 1]);
}, 90_000);
