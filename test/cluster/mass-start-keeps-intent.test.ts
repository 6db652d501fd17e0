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

const intents = async (id: string) =>
  (await cluster.node(id).apps()).items.map(
    ({ id: app, desiredStatus, generation, intentId, changedBy, changedAt }) => ({
      app,
      desiredStatus,
      generation,
      intentId,
      changedBy,
      changedAt,
    }),
  );

test("twenty nodes that start at once in four processes write no intent", async () => {
  for (const id of ["runs", "off", "fails"]) apps.add(id);
  for (const node of ["web-1", "web-2", "web-3", "web-4"]) apps.breakOn("fails", node);
  const seed = await cluster.start("seed");
  for (const id of ["runs", "off", "fails"]) {
    const desiredStatus = id === "off" ? "disabled" : "enabled";
    await seed.do({
      do: "install",
      request: { id, version: "1.0.0", desiredStatus, reason: "seed" },
    });
  }
  const before = await intents("seed");
  await cluster.stop("seed");

  const processes = ["web-1", "web-2", "web-3", "web-4"];
  await Promise.all(
    processes.map((id) => cluster.start(id, { companions: [1, 2, 3, 4].map((n) => `${id}-${n}`) })),
  );
  for (const id of processes) {
    await cluster.waitUntil(
      `${id} sees all twenty nodes settled on every app`,
      async () => {
        const { items } = await cluster.node(id).apps();
        return items.flatMap((app) =>
          (app.nodes ?? [])
            .filter((row) => !row.converged && row.initStatus !== "error_disabled")
            .map((row) => `${app.id} on ${row.nodeId}: ${row.initStatus}`)
            .concat(
              (app.nodes ?? []).length < 20 ? [`${app.id} has ${app.nodes?.length} rows`] : [],
            ),
        );
      },
      (open) => open.length === 0,
      { deadlineMs: 30_000 },
    );
    expect(await intents(id)).toEqual(before);
  }
  expect(apps.calls().filter(({ app }) => app === "off")).toEqual([]);
  const starts = apps
    .calls()
    .filter(({ app, hook, node }) => app === "runs" && hook === "onEnable" && node !== "seed");
  expect(starts).toHaveLength(20);
}, 90_000);
