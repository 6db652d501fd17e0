/** What is tried again, and when: each failure class as the table of statuses says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  // Slow retries come so soon here that what is never retried stands out.
  cluster = await startCluster({ appsDir: apps.dir, slowRetryMs: 400 });
  await cluster.startAll(2);
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const counting = (dir: string, name: string, rest: string): string => `
import { appendFileSync } from "node:fs";
appendFileSync(${JSON.stringify(dir)} + "/.${name}", process.env.MUSTER_TEST_NODE + "\\n");
${rest}`;
const install = (id: string, version = "1.0.0") =>
  cluster.node("web-1").do({ do: "install", request: { id, version, reason: "wanted" } });
const rows = async (id: string) => (await cluster.node("web-2").rows(id)).items;
const bothAre = (id: string, status: string) =>
  cluster.waitUntil(
    `${id} is ${status} on both nodes`,
    async () => (await rows(id)).map(({ initStatus }) => initStatus),
    (found) => found.length === 2 && found.every((one) => one === status),
  );
const loads = async (name: string): Promise<number> => {
  const file = Bun.file(`${apps.dir}/.${name}`);
  return (await file.exists()) ? (await file.text()).trim().split("\n").length : 0;
};

test("a package that does not load is not tried again until its bytes change", async () => {
  apps.add("broken", { source: counting(apps.dir, "broken", "throw new Error('no');") });
  await install("broken");
  await bothAre("broken", "compiler_error_disabled");
  for (const row of await rows("broken")) {
    expect(row).toMatchObject({ nextAttemptAt: null, reason: { code: "compile_error" } });
    expect(row.packageDigest).toMatch(/^sha256:/);
  }
  await holdsFor(
    "it is loaded once on each node",
    2_000,
    async () => (await loads("broken")) === 2,
  );
  apps.add("broken", { source: counting(apps.dir, "broken", "export const app = {};") });
  await bothAre("broken", "auto_enabled");
  expect(await loads("broken")).toBe(4);
  const app = await cluster.node("web-1").app("broken");
  expect(app).toMatchObject({ desiredStatus: "enabled", generation: 1, converged: true });
}, 30_000);

test("a refusal is no error, and is asked again slowly", async () => {
  apps.add("picky", {
    source: counting(
      apps.dir,
      "picky-loads",
      `let asked = 0;
export const app = { onEnable: () => ++asked > 3 };`,
    ),
  });
  await install("picky");
  await bothAre("picky", "disabled");
  for (const row of await rows("picky")) {
    expect(row).toMatchObject({ lastError: null, reason: { code: "refused" }, converged: false });
    expect(row.nextAttemptAt).not.toBeNull();
  }
  await bothAre("picky", "auto_enabled");
}, 30_000);

test("a package that is missing is looked for again until it comes", async () => {
  await install("late");
  await bothAre("late", "error_disabled");
  expect((await rows("late")).map(({ reason }) => reason?.code)).toEqual(
    Array(2).fill("package_missing"),
  );
  apps.add("late");
  await bothAre("late", "auto_enabled");
}, 30_000);

test("a failing hook is tried again until it works, and then its error is cleared", async () => {
  apps.add("flaky");
  apps.breakOn("flaky", "web-1");
  await install("flaky");
  await cluster.waitUntil(
    "it was tried three times",
    async () => (await rows("flaky")).find(({ nodeId }) => nodeId === "web-1")?.attempts ?? 0,
    (attempts) => attempts >= 3,
  );
  const failing = (await rows("flaky")).find(({ nodeId }) => nodeId === "web-1");
  expect(failing).toMatchObject({
    initStatus: "error_disabled",
    lastError: "enable: flaky cannot run on web-1",
  });
  apps.repairOn("flaky", "web-1");
  await bothAre("flaky", "auto_enabled");
  for (const row of await rows("flaky"))
    expect(row).toMatchObject({ lastError: null, attempts: 0 });
}, 30_000);
