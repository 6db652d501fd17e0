/** Migration on whole nodes over the memory backend, in virtual time. */
import { describe, expect, test } from "bun:test";
import { createHost } from "../../hosts/create-host.ts";
import { memoryBackend } from "../../memory/index.ts";
import { createMuster } from "../../muster.ts";
import type { Muster } from "../../muster-types.ts";
import { seededRandom } from "../../testing/seeded-random.ts";
import { VirtualClock } from "../../testing/virtual-clock.ts";
import { AppStatus } from "../model.ts";
import type { MigrateOptions } from "./model.ts";

const cluster = () => {
  const clock = new VirtualClock();
  const random = seededRandom(11);
  const backend = memoryBackend();
  const finish = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    await clock.runUntil(() => isOver, 60_000);
    return work;
  };
  const start = async (id: string, runsApps = true): Promise<Muster> => {
    const host = createHost({
      load: async () => ({ kind: "loaded", app: {} }),
      enable: () => {},
    });
    const node = createMuster({
      ...{ cluster: "shop", node: { id }, backend, clock, random: random.fork() },
      settings: { shardCount: 4 },
      ...(runsApps && { apps: { host } }),
    });
    await finish(node.start());
    return node;
  };
  const migrate = (node: Muster, records: Iterable<unknown>, options?: MigrateOptions) =>
    finish(node.as({ name: "anna", role: "admin" }).cluster.migrateApps(records, options));
  const exported = (node: Muster) =>
    finish(Array.fromAsync(node.as({ name: "anna", role: "admin" }).cluster.exportApps()));
  return { clock, exported, finish, migrate, start };
};

const statuses = Object.values(AppStatus);
const records = statuses.map((status) => ({
  id: status.replaceAll("_", "-"),
  version: "1.0.0",
  status,
}));
const intents = (node: Muster) =>
  node.apps.list().items.map(({ id, desiredStatus, generation, changedBy }) => ({
    ...{ id, desiredStatus, generation, changedBy },
  }));

describe("records of all twelve statuses", () => {
  test("become intent, once, whichever of two nodes takes them", async () => {
    const { clock, finish, migrate, start } = cluster();
    const [web1, web2] = [await start("web-1"), await start("web-2")];
    const [one, other] = await finish(
      Promise.all([migrate(web1, records), migrate(web2, records)]),
    );
    expect(one.migrated + other.migrated).toBe(12);
    expect(one.already + other.already).toBe(12);
    for (const item of one.items) {
      const twin = other.items[item.index];
      expect([item.outcome, twin?.outcome].sort()).toEqual(["already", "migrated"]);
    }
    await clock.runUntil(() => intents(web2).length === 12, 10_000);
    expect(intents(web1)).toEqual(
      statuses
        .map((status) => ({
          id: status.replaceAll("_", "-"),
          desiredStatus: /^(manually_)?disabled$/.test(status) ? "disabled" : "enabled",
          generation: 1,
          changedBy: "anna",
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)) as ReturnType<typeof intents>,
    );
    const again = await migrate(web2, records);
    expect(again).toMatchObject({ total: 12, already: 12, migrated: 0 });
    expect(intents(web2).every(({ generation }) => generation === 1)).toBe(true);
  });

  test("go back as they came", async () => {
    const { exported, migrate, start } = cluster();
    const web1 = await start("web-1");
    await migrate(web1, records);
    const byId = [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(await exported(web1)).toEqual(byId);
  });
});

describe("a dry run", () => {
  test("names every record with its mapping and reason, and writes nothing", async () => {
    const { finish, migrate, start } = cluster();
    const web1 = await start("web-1");
    const ops = web1.as({ name: "ops", role: "operator" }).apps;
    await finish(ops.install({ id: "erp", version: "1.0.0", reason: "first use" }));
    await finish(ops.disable("erp", { reason: "audit" }));
    const given = [
      { id: "crm", version: "1.0.0", status: "error_disabled" },
      { _id: "r7", id: "erp", status: "auto_enabled" },
      { id: "odd", status: "sleeping" },
      { id: "new", status: "disabled" },
      { id: "crm", version: "1.0.0", status: "disabled" },
    ];
    const dry = await migrate(web1, given, { dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, total: 5, migrated: 1, kept: 1, refused: 3 });
    expect(dry.items).toEqual([
      {
        ...{ index: 0, recordId: "crm", appId: "crm", legacyStatus: "error_disabled" },
        ...{ desiredStatus: "enabled", initStatus: "error_disabled" },
        ...{ outcome: "migrated", code: "migrated" },
        reason: "error_disabled: the failure was the node's, not the administrator's",
      },
      {
        ...{ index: 1, recordId: "r7", appId: "erp", legacyStatus: "auto_enabled" },
        ...{ desiredStatus: "enabled", initStatus: "auto_enabled" },
        ...{ outcome: "kept", code: "decided_here" },
        reason:
          "auto_enabled: it was on; it stays disabled, as decided in this cluster, last by ops: audit",
      },
      {
        ...{ index: 2, recordId: "odd", appId: "odd", legacyStatus: "sleeping" },
        ...{ desiredStatus: null, initStatus: null },
        ...{ outcome: "refused", code: "status_unrecognised" },
        reason: 'status "sleeping" is none of the 12 statuses',
      },
      {
        ...{ index: 3, recordId: "new", appId: "new", legacyStatus: "disabled" },
        ...{ desiredStatus: "disabled", initStatus: "disabled" },
        ...{ outcome: "refused", code: "version_missing" },
        reason: "disabled: it was off; the app is not installed, and the record has no version",
      },
      {
        ...{ index: 4, recordId: "crm", appId: "crm", legacyStatus: "disabled" },
        ...{ desiredStatus: null, initStatus: null },
        ...{ outcome: "refused", code: "duplicate" },
        reason: "an earlier record is of the same app, and was taken",
      },
    ]);
    expect(intents(web1)).toEqual([
      { id: "erp", desiredStatus: "disabled", generation: 2, changedBy: "ops" },
    ]);
    const real = await migrate(web1, given);
    expect(real.items).toEqual(dry.items);
    expect(intents(web1).map(({ id }) => id)).toEqual(["crm", "erp"]);
  });
});

describe("many records", () => {
  test("are told in their order, as they are done", async () => {
    const { migrate, start } = cluster();
    const web1 = await start("web-1");
    const heard: number[] = [];
    const many = function* () {
      for (let n = 0; n < 50; n++) yield { id: `app-${n}`, version: "1.0.0", status: "disabled" };
    };
    const report = await migrate(web1, many(), {
      onItem: ({ index }) => {
        heard.push(index);
      },
    });
    expect(report).toMatchObject({ total: 50, migrated: 50, items: [] });
    expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
});

describe("who may, and with what", () => {
  test.each([
    ["an operator", { role: "operator" }, [], {}, "FORBIDDEN"],
    ["no reason", {}, [], { reason: " " }, "VALIDATION"],
    ["another format", {}, [], { format: "csv" }, "VALIDATION"],
    ["text for records", {}, "[]", {}, "VALIDATION"],
  ])("%s is refused", async (_, who, given, options, code) => {
    const { finish, start } = cluster();
    const web1 = await start("web-1");
    const { cluster: changes } = web1.as({ name: "anna", role: "admin", ...who } as never);
    const tried = changes.migrateApps(given as never, options as MigrateOptions);
    await expect(finish(tried)).rejects.toMatchObject({ code });
  });

  test("a node that is stopped throws, since nothing came of anything", async () => {
    const { finish, migrate, start } = cluster();
    const web1 = await start("web-1");
    await finish(web1.stop());
    await expect(migrate(web1, records)).rejects.toMatchObject({ code: "STOPPED" });
  });
});
