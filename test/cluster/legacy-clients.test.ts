/** Scripts written against the legacy app API, as they are, against a cluster of three. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  apps.add("poll");
  apps.add("poll", { version: "1.1.0" });
  cluster = await startCluster({ appsDir: apps.dir, http: true });
  await cluster.startAll(3);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const names = ["web-1", "web-2", "web-3"];

interface LegacyApp {
  readonly id: string;
  readonly version: string;
  readonly status: string;
  readonly clusterStatus?: readonly { readonly instanceId: string; readonly status: string }[];
}
interface Answer {
  readonly success: boolean;
  readonly status?: string;
  readonly error?: string;
  readonly app?: LegacyApp;
  readonly apps?: readonly LegacyApp[];
  readonly clusterStatus?: LegacyApp["clusterStatus"];
}

/** What such scripts have: the address of the server, a user's id and token. */
const client = (node: string) => {
  const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${cluster.node(node).url}/api/apps${path}`, {
      method,
      headers: {
        "Content-Type": "application/json",
        "X-Auth-Token": "secret-of-a-user",
        "X-User-Id": "rbAXPnMktTFbNpwtJ",
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Answer;
  };
  return {
    get: (path: string) => ask("GET", path),
    post: (path: string, body: object) => ask("POST", path, body),
    remove: (path: string) => ask("DELETE", path),
  };
};
const isOn = (status: string) => status === "auto_enabled" || status === "manually_enabled";

/** A watchdog as operators have written it: turns apps on again where a node does not have them on. */
const watchdog = async (node: string): Promise<readonly string[]> => {
  const { get, post } = client(node);
  const { apps: listed = [], success } = await get("/installed?includeClusterStatus=true");
  if (!success) throw new Error("the list could not be read");
  const off = listed.filter(({ clusterStatus }) =>
    (clusterStatus ?? []).some(({ status }) => !isOn(status)),
  );
  for (const { id } of off) await post(`/${id}/status`, { status: "manually_enabled" });
  return off.map(({ id }) => id);
};
const clusterIs = (...wanted: readonly string[]) =>
  cluster.waitUntil(
    `poll is ${wanted.join(", ")}`,
    async () => (await client("web-3").get("/poll/status")).clusterStatus ?? [],
    (rows) => rows.map(({ status }) => status).join() === wanted.join(),
    { deadlineMs: 30_000 },
  );

test("an app is installed, seen, turned off and on through any node", async () => {
  const { post } = client("web-1");
  const installed = await post("", { appId: "poll", marketplace: true, version: "1.0.0" });
  expect(installed).toMatchObject({
    success: true,
    app: { id: "poll", version: "1.0.0", status: "auto_enabled" },
  });
  await clusterIs("auto_enabled", "auto_enabled", "auto_enabled");
  for (const node of names) {
    const { apps: listed, success } = await client(node).get("/installed");
    expect([success, listed?.map(({ id, status }) => [id, status])]).toEqual([
      true,
      [["poll", "auto_enabled"]],
    ]);
  }
  const off = await client("web-2").post("/poll/status", { status: "manually_disabled" });
  expect(off).toEqual({ status: "manually_disabled", success: true });
  await clusterIs("manually_disabled", "manually_disabled", "manually_disabled");
  const on = await client("web-3").post("/poll/status", { status: "manually_enabled" });
  expect(on).toEqual({ status: "manually_enabled", success: true });
  await clusterIs("manually_enabled", "manually_enabled", "manually_enabled");
}, 60_000);

test("a watchdog sees the node that fails, and what it does leaves intent alone", async () => {
  apps.breakOn("poll", "web-2");
  await cluster.kill("web-2");
  await cluster.start("web-2");
  await clusterIs("manually_enabled", "error_disabled", "manually_enabled");
  expect((await client("web-2").get("/poll/status")).status).toBe("error_disabled");
  const before = await cluster.node("web-1").app("poll");
  for (const node of names) expect(await watchdog(node)).toEqual(["poll"]);
  expect(await cluster.node("web-1").app("poll")).toMatchObject({
    desiredStatus: "enabled",
    generation: before.generation,
  });
  apps.repairOn("poll", "web-2");
  await clusterIs("manually_enabled", "auto_enabled", "manually_enabled");
  expect(await watchdog("web-1")).toEqual([]);
}, 60_000);

test("an app is updated and deleted, and then there is none on any node", async () => {
  const updated = await client("web-2").post("/poll", { appId: "poll", version: "1.1.0" });
  expect(updated).toMatchObject({ success: true, app: { id: "poll", version: "1.1.0" } });
  await clusterIs("manually_enabled", "auto_enabled", "manually_enabled");
  expect(await client("web-3").remove("/poll")).toMatchObject({
    success: true,
    app: { id: "poll", status: "disabled" },
  });
  for (const node of names) {
    await cluster.waitUntil(
      `${node} has no app`,
      () => client(node).get("/poll"),
      ({ error }) => error === "No App found by the id of: poll",
      { deadlineMs: 30_000 },
    );
    expect((await client(node).get("/installed")).apps).toEqual([]);
  }
}, 60_000);
