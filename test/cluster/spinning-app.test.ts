/** Apps in threads of their own: one that spins is ended and harms neither its node nor other apps. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

describe.each(["bun", "node"] as const)("under %s", (runtime) => {
  let cluster: TestCluster;
  let apps: AppsFolder;
  beforeAll(async () => {
    apps = createAppsFolder();
    cluster = await startCluster({ appsDir: apps.dir, appsHost: "worker", hookTimeoutMs: 1_500 });
    await Promise.all(["web-1", "web-2"].map((id) => cluster.start(id, { runtime })));
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    apps.close();
  });

  const install = (id: string) =>
    cluster.node("web-1").do({ do: "install", request: { id, version: "1.0.0", reason: "x" } });
  const rows = async (id: string) => (await cluster.node("web-2").rows(id)).items;
  const bothAre = (id: string, status: string, code?: string) =>
    cluster.waitUntil(
      `${id} is ${status} on both nodes`,
      () => rows(id),
      (found) =>
        found.length === 2 &&
        found.every((row) => row.initStatus === status && (!code || row.reason?.code === code)),
    );

  test("one that spins while it is enabled is ended by force, and its node goes on", async () => {
    apps.add("good");
    apps.add("spins", { source: "export const app = { onEnable() { for (;;); } };" });
    await install("good");
    await bothAre("good", "auto_enabled");
    await install("spins");
    const [row] = await cluster.waitUntil(
      "both nodes have ended it by force",
      () => rows("spins"),
      (found) =>
        found.length === 2 &&
        found.every(({ reason }) => /^enable .* ended by force$/.test(reason?.message ?? "")),
    );
    expect(row).toMatchObject({ initStatus: "error_disabled", reason: { code: "hook_timeout" } });
    expect(row?.runtime).toContain(
      runtime === "bun" ? "worker threads, without memory limits" : "worker threads of 64 MB",
    );
    for (const node of cluster.nodes()) {
      expect((await node.nodes()).items.every(({ state }) => state === "up")).toBe(true);
      expect(await node.ask("l-1", "put", { key: node.id })).toBeGreaterThan(0);
    }
    expect(await cluster.judgedGone()).toBe(0);
    await bothAre("good", "auto_enabled");
  }, 30_000);

  test("one that spins when it is to end is ended by force, and that counts as torn down", async () => {
    apps.add("stays", { source: "export const app = { onDisable() { for (;;); } };" });
    await install("stays");
    await bothAre("stays", "auto_enabled");
    await cluster.node("web-2").do({ do: "disable", id: "stays", reason: "enough" });
    await bothAre("stays", "manually_disabled", "ended_by_force");
    await cluster.waitUntil(
      "the app agrees as the other node sees it, too",
      () => cluster.node("web-1").app("stays"),
      ({ converged }) => converged,
    );
  }, 30_000);

  test("one whose thread dies is reported and brought up again", async () => {
    apps.add("dies", {
      source: `
import { existsSync, writeFileSync } from "node:fs";
const mark = (what) => ${JSON.stringify(apps.dir)} + "/." + what + "-" + process.env.MUSTER_TEST_NODE;
export const app = {
  onEnable() {
    if (existsSync(mark("died"))) return writeFileSync(mark("again"), "");
    writeFileSync(mark("died"), "");
    setTimeout(() => { throw new Error("out of luck"); }, 50);
  },
};`,
    });
    await install("dies");
    await cluster.waitUntil(
      "both have ended once and run again",
      () => rows("dies"),
      (found) =>
        found.length === 2 &&
        found.every(({ converged }) => converged) &&
        apps.marks(".again-").length === 2,
    );
  }, 30_000);

  test("all of them end with their node", async () => {
    expect(await cluster.stop("web-1")).toBe(0);
  }, 30_000);
});
