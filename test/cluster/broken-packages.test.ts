import { afterAll, beforeAll, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  cluster = await startCluster({ appsDir: apps.dir, hookTimeoutMs: 500 });
});
afterAll(async () => {
  await cluster.close();
  apps.close();
});

const described = (id: string, more: object = {}): string =>
  JSON.stringify({ id, name: id, version: "1.0.0", entry: "app.mjs", ...more });

/** App, the package it comes as, and what a node must say of it. */
const packages: readonly (readonly [
  string,
  {
    readonly manifest?: string;
    readonly source?: string;
    readonly requiredSettings?: readonly string[];
  },
  string,
])[] = [
  ["not-json", { manifest: "{ id: " }, "compiler_error_disabled"],
  ["empty-manifest", { manifest: "" }, "compiler_error_disabled"],
  ["list", { manifest: "[]" }, "compiler_error_disabled"],
  ["other-id", { manifest: described("someone-else") }, "compiler_error_disabled"],
  [
    "outside",
    { manifest: described("outside", { entry: "../../../etc/passwd" }) },
    "compiler_error_disabled",
  ],
  [
    "huge",
    { manifest: described("huge", { name: "x".repeat(300_000) }) },
    "compiler_error_disabled",
  ],
  ["syntax", { source: "export const app = {" }, "compiler_error_disabled"],
  ["no-export", { source: "export const other = {};" }, "compiler_error_disabled"],
  ["odd-hook", { source: "export const app = { onEnabel() {} };" }, "compiler_error_disabled"],
  ["throws-at-import", { source: "throw new Error('no');" }, "compiler_error_disabled"],
  ["no-entry", { manifest: described("no-entry", { entry: "gone.mjs" }) }, "error_disabled"],
  [
    "throws",
    { source: "export const app = { onEnable() { throw new Error('no'); } };" },
    "error_disabled",
  ],
  [
    "throws-nothing",
    { source: "export const app = { onEnable() { throw undefined; } };" },
    "error_disabled",
  ],
  [
    "hangs",
    { source: "export const app = { onEnable: () => new Promise(() => {}) };" },
    "error_disabled",
  ],
  ["declines", { source: "export const app = { onEnable: () => false };" }, "disabled"],
  ["unset", { requiredSettings: ["apiKey"] }, "invalid_settings_disabled"],
  [
    "rejects-later",
    { source: "export const app = { onEnable() { return Promise.reject(new Error('no')); } };" },
    "error_disabled",
  ],
];

test("each broken package gets its own status and spoils no other app and no node", async () => {
  for (const [id, written] of packages) apps.add(id, written);
  apps.add("good");
  symlinkSync("/etc", join(apps.dir, "linked"));
  const expected: Readonly<Record<string, string>> = Object.fromEntries([
    ...packages.map(([id, , status]) => [id, status]),
    ["good", "auto_enabled"],
    ["absent", "error_disabled"],
    ["linked", "error_disabled"],
  ]);
  const [first] = await cluster.startAll(2);
  for (const id of Object.keys(expected)) {
    await first?.do({ do: "install", request: { id, version: "1.0.0", reason: "x" } });
  }
  const found = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = (await first?.apps()) ?? { items: [] };
    return Object.fromEntries(
      items.map((app) => [
        app.id,
        [...new Set((app.nodes ?? []).map((row) => row.initStatus))].join(" and "),
      ]),
    );
  };
  await cluster.waitUntil(
    "every app has the status it should have on both nodes",
    found,
    (statuses) => Object.entries(expected).every(([id, status]) => statuses[id] === status),
  );
  const rows = (await first?.rows("not-json"))?.items ?? [];
  expect(rows.every((row) => row.reason?.message !== undefined)).toBe(true);
  for (const item of (await first?.apps())?.items ?? []) expect(item.desiredStatus).toBe("enabled");
  expect(await first?.ask("l-1", "put", { key: "k" })).toBe(1);
}, 60_000);
