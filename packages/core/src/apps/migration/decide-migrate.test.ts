import { describe, expect, test } from "bun:test";
import { installed, newApp } from "../actor-kit.test.ts";

const record = (fields: Record<string, unknown> = {}) => ({
  version: "1.0.0",
  desiredStatus: "disabled",
  initStatus: "manually_disabled",
  record: '{"id":"crm-sync"}',
  format: "plain",
  reason: "move",
  ...fields,
});
const outcomeOf = (came: { readonly reply?: unknown }) => {
  const { outcome, changed } = came.reply as { outcome: string; changed: boolean };
  return [outcome, changed];
};

describe("an app that is not there", () => {
  test("is installed as the record says, by whoever migrates", () => {
    const app = newApp();
    const came = app.run("migrate", record({ ref: "b/1", settings: { url: "https://crm" } }));
    expect(outcomeOf(came)).toEqual(["migrated", true]);
    expect(app.row).toMatchObject({
      version: "1.0.0",
      ref: "b/1",
      settings: { url: "https://crm" },
      desiredStatus: "disabled",
      generation: 1,
      by: "ops",
      reason: "move",
      migrated: { initStatus: "manually_disabled", intentId: app.row?.intentId },
    });
    expect(came.events).toMatchObject([
      { type: "app.intent.changed", data: { change: "migrated", previous: null } },
    ]);
  });

  test("needs a version", () => {
    expect(newApp().run("migrate", record({ version: undefined })).refusal).toBe("no-version");
  });

  test("needs somebody with a name", () => {
    const came = newApp().run("migrate", record(), { principal: undefined });
    expect(came.refusal).toBe("no-principal");
  });
});

describe("an app that was only installed", () => {
  test("takes the desired status of the record, and keeps what it was installed with", () => {
    const app = installed();
    expect(outcomeOf(app.run("migrate", record({ version: "9.0.0", settings: {} })))).toEqual([
      "migrated",
      true,
    ]);
    expect(app.row).toMatchObject({
      version: "1.0.0",
      settings: { url: "https://crm" },
      desiredStatus: "disabled",
      generation: 2,
    });
  });

  test("keeps its generation where the record says the same, and is migrated all the same", () => {
    const app = installed();
    const came = app.run("migrate", record({ desiredStatus: "enabled" }));
    expect(outcomeOf(came)).toEqual(["migrated", false]);
    expect(app.row).toMatchObject({ generation: 1, by: "ops", reason: "first use" });
    expect(came.events).toMatchObject([{ type: "app.migrated", reason: "move" }]);
  });
});

describe("a second time", () => {
  test("nothing is written", () => {
    const app = newApp();
    app.run("migrate", record());
    const before = app.state;
    const again = app.run("migrate", record());
    expect(outcomeOf(again)).toEqual(["already", false]);
    expect(again.next).toBeUndefined();
    expect(app.state).toBe(before);
  });

  test("another record of the app changes nothing", () => {
    const app = newApp();
    app.run("migrate", record());
    const again = app.run("migrate", record({ desiredStatus: "enabled" }));
    expect(outcomeOf(again)).toEqual(["kept", false]);
    expect(app.row?.desiredStatus).toBe("disabled");
  });
});

describe("what somebody has decided stands", () => {
  const decisions: readonly [string, (app: ReturnType<typeof newApp>) => void, string][] = [
    [
      "disabled",
      (app) => {
        app.run("install", { version: "1.0.0", reason: "first use" });
        app.run("disable", { reason: "night" });
      },
      "enabled",
    ],
    [
      "enabled again",
      (app) => {
        app.run("install", { version: "1.0.0", reason: "first use" });
        app.run("disable", { reason: "night" });
        app.run("enable", { reason: "morning" });
      },
      "disabled",
    ],
    [
      "installed as disabled",
      (app) => {
        app.run("install", { version: "1.0.0", desiredStatus: "disabled", reason: "later" });
      },
      "enabled",
    ],
    [
      "enabled after its migration",
      (app) => {
        app.run("migrate", record());
        app.run("enable", { reason: "morning" });
      },
      "disabled",
    ],
    [
      "uninstalled",
      (app) => {
        app.run("install", { version: "1.0.0", reason: "first use" });
        app.run("uninstall", { reason: "done" });
      },
      "enabled",
    ],
    [
      "uninstalled after its migration",
      (app) => {
        app.run("migrate", record());
        app.run("uninstall", { reason: "done" });
      },
      "disabled",
    ],
  ];
  test.each(decisions)("%s", (_, decide, desiredStatus) => {
    const app = newApp();
    decide(app);
    const before = app.state;
    const came = app.run("migrate", record({ desiredStatus }));
    expect(outcomeOf(came)).toEqual(["kept", false]);
    expect(app.state).toBe(before);
  });

  test("also of one that is purged and installed anew", () => {
    const app = newApp();
    app.run("migrate", record());
    app.run("uninstall", { reason: "done" });
    const id = app.row?.installId ?? "";
    const boundAt = app.row?.uninstall?.boundAt ?? 0;
    const survey = { appId: "crm-sync", intentId: app.row?.intentId, revision: 2, nodes: [] };
    const input = { ...survey, purpose: "uninstall" };
    app.run(
      "surveyed",
      { id: "s", input, output: { complete: true, nodes: [] } },
      { now: boundAt },
    );
    const purge = { appId: "crm-sync", installId: id, version: "1.0.0", ref: null };
    app.run("purged", { id: "p", input: purge, output: null });
    expect(app.state.legacy?.record).toBeNull();
    app.run("install", { version: "2.0.0", reason: "again" });
    expect(outcomeOf(app.run("migrate", record()))).toEqual(["kept", false]);
  });
});
