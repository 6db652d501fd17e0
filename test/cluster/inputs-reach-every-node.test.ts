/** Settings and licences, given through one node, on all of them without a restart. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
const ids = ["web-1", "web-2", "web-3"];
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir });
  await cluster.startAll(3);
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const install = (id: string) =>
  cluster.node("web-1").do({
    do: "install",
    request: { id, version: "1.0.0", reason: "wanted" },
  });
const everywhere = (id: string, status: string, from = "web-3") =>
  cluster.waitUntil(
    `${id} is ${status} on every node`,
    async () => (await cluster.node(from).rows(id)).items.map(({ initStatus }) => initStatus),
    (found) => found.length === 3 && found.every((one) => one === status),
  );
const calls = (app: string, hook: string) =>
  apps.calls().filter((call) => call.app === app && call.hook === hook);

test("settings go to the hook of every running app, which goes on running", async () => {
  apps.add("shop");
  await install("shop");
  await everywhere("shop", "auto_enabled");
  const settings = { region: "eu" };
  await cluster.node("web-2").change("settings", "shop", { settings });
  await cluster.waitUntil(
    "every node's app has them",
    () => calls("shop", "onSettingsChanged"),
    (seen) => seen.length === 3,
  );
  const seen = calls("shop", "onSettingsChanged");
  expect(seen.map(({ node }) => node).sort()).toEqual(ids);
  expect(seen.every((call) => call.settings["region"] === "eu")).toBe(true);
  expect(calls("shop", "onEnable")).toHaveLength(3);
  expect(calls("shop", "onDisable")).toHaveLength(0);
  await cluster.waitUntil(
    "every row has their hash",
    async () => {
      const app = await cluster.node("web-1").app("shop");
      return (app.nodes ?? []).map((row) => row.settingsHash === app.settingsHash);
    },
    (same) => same.length === 3 && same.every(Boolean),
  );
}, 30_000);

test("an app that waits for a setting names it, and is tried at once when it is given", async () => {
  apps.add("mail", { requiredSettings: ["smtpUrl"] });
  await install("mail");
  await everywhere("mail", "invalid_settings_disabled");
  for (const row of (await cluster.node("web-2").rows("mail")).items) {
    expect(row.reason?.message).toBe("the required setting smtpUrl is missing");
    // five minutes, a fifth more or less: what follows comes of the change alone
    expect(Date.parse(row.nextAttemptAt ?? "") - Date.now()).toBeGreaterThan(200_000);
  }
  await cluster.node("web-3").change("settings", "mail", { settings: { smtpUrl: "smtp://a" } });
  await everywhere("mail", "auto_enabled", "web-1");
  const rows = (await cluster.node("web-1").rows("mail")).items;
  expect(rows.every((row) => row.lastError === null && row.attempts === 0)).toBe(true);
}, 30_000);

test("an app that waits for a licence is tried at once when it is given, and ends without it", async () => {
  apps.add("paid", { requiresLicence: true });
  await install("paid");
  await everywhere("paid", "invalid_license_disabled");
  await cluster.node("web-2").change("licence", "paid", { licence: "L-2031" });
  await everywhere("paid", "auto_enabled");
  await cluster.node("web-3").change("licence", "paid", { licence: null });
  await everywhere("paid", "invalid_license_disabled", "web-1");
  expect(calls("paid", "onDisable")).toHaveLength(3);
  const { desiredStatus, generation } = await cluster.node("web-1").app("paid");
  expect({ desiredStatus, generation }).toEqual({ desiredStatus: "enabled", generation: 3 });
}, 30_000);

test("an app that is only observed runs no hook and counts as no drift", async () => {
  apps.add("later");
  const request = { id: "later", version: "1.0.0", reason: "soon", desiredStatus: "disabled" };
  await cluster.node("web-1").do({ do: "install", request });
  await cluster.node("web-1").change("manage", "later", { mode: "observe" });
  await cluster.node("web-2").do({ do: "enable", id: "later", reason: "when enforced" });
  const seen = await cluster.waitUntil(
    "every node says what it would do",
    () => cluster.node("web-3").app("later"),
    ({ nodes }) => nodes?.length === 3 && nodes.every((row) => row.reason?.code === "would_enable"),
  );
  expect(seen).toMatchObject({ management: "observe", drifted: 0 });
  expect(calls("later", "onEnable")).toHaveLength(0);
  await cluster.node("web-2").change("manage", "later", { mode: "enforce" });
  await everywhere("later", "manually_enabled");
}, 30_000);
