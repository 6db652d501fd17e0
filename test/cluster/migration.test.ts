/** Records of a server with a single status become intent, whatever happens meanwhile, and go back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { AppStatus } from "@muster/core";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

interface Item {
  readonly appId: string;
  readonly recordId: string;
  readonly outcome: string;
  readonly code: string;
}
interface Report {
  readonly total: number;
  readonly migrated: number;
  readonly already: number;
  readonly kept: number;
  readonly refused: number;
  readonly failed: number;
  readonly items: readonly Item[];
}

let cluster: TestCluster;
let apps: AppsFolder;
const records = Object.values(AppStatus).map((status, n) => ({
  _id: `r${n}`,
  id: status.replaceAll("_", "-"),
  status,
  info: { name: status, version: "1.0.0" },
  languageContent: { en: { hello: "Hello" } },
}));
const isOff = (status: string) => status === "manually_disabled" || status === "disabled";

beforeAll(async () => {
  apps = createAppsFolder();
  for (const { id } of records) apps.add(id);
  cluster = await startCluster({ appsDir: apps.dir, http: true });
  await cluster.startAll(3);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const url = (node: string) => `${cluster.node(node).url}/v1/migrate/apps`;
const migrate = async (node: string, given: readonly object[], more: object = {}) => {
  const response = await fetch(url(node), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ records: given, format: "rocketchat", ...more }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Report;
};
const exported = async (node: string) => {
  const response = await fetch(`${url(node)}?limit=500`);
  return ((await response.json()) as { items: { id: string; status: string }[] }).items;
};

test("all twelve statuses are migrated once by two nodes at once, and each node follows", async () => {
  const dry = await migrate("web-3", records, { dryRun: true });
  expect(dry).toMatchObject({ total: 12, migrated: 12 });
  expect(await exported("web-3")).toEqual([]);

  const [one, other] = await Promise.all([migrate("web-1", records), migrate("web-2", records)]);
  expect([one.migrated + other.migrated, one.already + other.already]).toEqual([12, 12]);
  for (const { id, status } of records) {
    const wanted = isOff(status) ? "disabled" : "enabled";
    const app = await cluster.waitUntil(
      `${id} is ${wanted} on every node`,
      () => cluster.node("web-3").app(id),
      ({ converged, nodes }) => converged && nodes?.length === 3,
      { deadlineMs: 30_000 },
    );
    expect([id, app.desiredStatus, app.generation]).toEqual([id, wanted, 1]);
  }
  expect(await migrate("web-3", records)).toMatchObject({ migrated: 0, already: 12 });
}, 60_000);

test("a status that is not known is refused by the id of its record, and nothing is written", async () => {
  const odd = { _id: "r-odd", id: "odd", status: "sleeping", info: { version: "1.0.0" } };
  expect(await migrate("web-2", [odd])).toMatchObject({
    refused: 1,
    items: [{ recordId: "r-odd", outcome: "refused", code: "status_unrecognised" }],
  });
  expect((await exported("web-1")).map(({ id }) => id)).not.toContain("odd");
});

test("what an administrator decides later stands, and an export gives the rest back as it was", async () => {
  await cluster.node("web-1").change("disable", "auto-enabled", { reason: "night" });
  const [one, other] = await Promise.all([migrate("web-2", records), migrate("web-3", records)]);
  expect([one.kept, one.already, other.kept, other.already]).toEqual([1, 11, 1, 11]);
  expect(await cluster.node("web-1").app("auto-enabled")).toMatchObject({
    desiredStatus: "disabled",
    generation: 2,
    reason: "night",
  });
  const byId = [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(await exported("web-2")).toEqual(
    byId.map((record) =>
      record.id === "auto-enabled" ? { ...record, status: "manually_disabled" } : record,
    ),
  );
});

test("a migration that a node's death tears is finished by running it again, each app once", async () => {
  const many = Array.from({ length: 200 }, (_, n) => ({
    id: `torn-${n}`,
    status: "manually_disabled",
    info: { version: "1.0.0" },
  }));
  const first = migrate("web-1", many);
  const second = migrate("web-2", many).catch(() => undefined);
  await cluster.kill("web-2");
  const counted = (await first).migrated;
  await second;
  const rest = await cluster.waitUntil(
    "every record is in",
    () => migrate("web-3", many),
    ({ already, failed, migrated }) => failed === 0 && already + migrated === many.length,
    { deadlineMs: 60_000 },
  );
  expect(counted + rest.migrated).toBeLessThanOrEqual(many.length);
  await cluster.waitUntil(
    "web-1 has all of them",
    () => exported("web-1"),
    (all) => all.filter(({ id }) => id.startsWith("torn-")).length === many.length,
  );
  for (const { id } of many.slice(0, 20)) {
    expect((await cluster.node("web-1").app(id)).generation).toBe(1);
  }
}, 120_000);
