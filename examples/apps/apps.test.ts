/** The sample apps on three real nodes in one process: each comes to what the README says. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createModuleHost, createMuster, type Muster, memoryBackend } from "@muster/core";

const ids = ["web-1", "web-2", "web-3"];
const samples = [
  "broken-build",
  "crm-sync",
  "flaky-webhook",
  "mailer",
  "premium-reports",
  "region-locked",
];
let nodes: Muster[] = [];

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = Date.now() + 8_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 8 s: ${what}`);
    await Bun.sleep(10);
  }
};

/** The status of an app on each node, as any node of the cluster shows it. */
const statuses = (id: string): readonly string[] =>
  (nodes[2]?.apps.report()[id] ?? []).map(({ initStatus }) => initStatus);
const settled = (id: string): boolean =>
  statuses(id).length === 3 && !/unknown|constructed|initialized/.test(statuses(id).join(" "));

beforeAll(async () => {
  const backend = memoryBackend();
  nodes = ids.map((id) =>
    createMuster({
      cluster: "samples",
      node: { id },
      backend,
      apps: { host: createModuleHost({ dir: import.meta.dir }) },
      settings: { shardCount: 4 },
    }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  const admin = nodes[0]?.as({ name: "ops", role: "operator" });
  for (const id of samples) {
    await admin?.apps.install({ id, version: "1.0.0", reason: "to try it" });
  }
  await until("every node has come to every app", () => samples.every(settled));
});
afterAll(() => Promise.all(nodes.map((node) => node.stop())));

describe("the sample app", () => {
  test.each([
    ["broken-build", Array(3).fill("compiler_error_disabled"), "compile_error", "formatReport"],
    ["mailer", Array(3).fill("invalid_settings_disabled"), "settings_missing", "smtpUrl"],
    ["premium-reports", Array(3).fill("invalid_license_disabled"), "licence_missing", "licence"],
    ["region-locked", Array(3).fill("disabled"), "refused", "declined"],
    [
      "flaky-webhook",
      ["auto_enabled", "error_disabled", "auto_enabled"],
      "hook_failed",
      "ECONNREFUSED hooks.example.com:443 from web-2",
    ],
  ])("%s comes to what it is for", (id, expected, code, part) => {
    expect(statuses(id)).toEqual(expected);
    const row = nodes[0]?.apps.rows(id).items[1];
    expect(row).toMatchObject({ nodeId: "web-2", converged: false, reason: { code } });
    expect(row?.reason?.message).toContain(part);
  });

  test("crm-sync runs on every node, from the same build", () => {
    const { converged, nodes: rows } = nodes[1]?.apps.get("crm-sync") ?? {};
    expect(converged).toBe(true);
    expect(rows?.map(({ initStatus }) => initStatus)).toEqual(Array(3).fill("auto_enabled"));
    expect(new Set(rows?.map(({ packageDigest }) => packageDigest)).size).toBe(1);
    expect(nodes[2]?.apps.local("crm-sync")?.enabled).toBe(true);
  });

  test("crm-sync is switched off and on again from any node", async () => {
    const rosa = nodes[2]?.as({ name: "rosa", role: "operator" });
    expect(await rosa?.apps.disable("crm-sync", { reason: "night shift" })).toMatchObject({
      changed: true,
      app: { desiredStatus: "disabled", generation: 2, changedBy: "rosa" },
    });
    const all = (status: string) => () =>
      nodes.every(({ apps }) => apps.local("crm-sync")?.initStatus === status);
    await until("it is off everywhere", all("manually_disabled"));
    await rosa?.apps.enable("crm-sync", { reason: "morning" });
    await until("it is on everywhere", all("manually_enabled"));
    expect(await rosa?.apps.enable("crm-sync", { reason: "again" })).toMatchObject({
      changed: false,
      app: { generation: 3 },
    });
  });

  test("that waits for a setting or a licence runs on every node once it is given", async () => {
    const admin = nodes[1]?.as({ name: "ops", role: "operator" });
    const all = (id: string, status: string) => () => statuses(id).every((one) => one === status);
    await admin?.apps.settings("mailer", { settings: { smtpUrl: "smtp://a" }, reason: "mail" });
    await until("the mailer runs", all("mailer", "auto_enabled"));
    const expired = "premium-reports until 2001-01-01";
    await admin?.apps.licence("premium-reports", { licence: expired, reason: "an old one" });
    await until("its end is named", () =>
      (nodes[0]?.apps.rows("premium-reports").items ?? []).every(
        ({ reason }) => reason?.message === "the licence ended on 2001-01-01",
      ),
    );
    const licence = "premium-reports until 2099-12-31";
    await admin?.apps.licence("premium-reports", { licence, reason: "bought it" });
    await until("the reports run", all("premium-reports", "auto_enabled"));
    await admin?.apps.settings("region-locked", { settings: { region: "eu" }, reason: "moved" });
    await until("the region is right", all("region-locked", "auto_enabled"));
  });

  test("that is off counts as drifted, and as terminal when it cannot heal", async () => {
    await until("crm-sync has converged", () => nodes[1]?.apps.get("crm-sync").converged === true);
    expect(nodes[1]?.status().apps).toEqual({ total: 6, converged: 4, drifted: 2, terminal: 1 });
  });
});
