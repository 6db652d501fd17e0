import { describe, expect, test } from "bun:test";
import { newApp } from "../actor-kit.test.ts";
import { legacyForm } from "./legacy-form.ts";
import type { LegacyFormat } from "./model.ts";

const migrated = (given: Record<string, unknown>, format: LegacyFormat) => {
  const app = newApp();
  app.run("migrate", {
    version: "1.0.0",
    desiredStatus: "enabled",
    initStatus: "error_disabled",
    record: JSON.stringify(given),
    format,
    reason: "move",
  });
  return app;
};
const formOf = ({ state }: ReturnType<typeof newApp>, format: LegacyFormat = "plain") => {
  if (!state.intent) throw new Error("there is no app");
  return legacyForm(state.intent, state.legacy, format);
};

const plain = { id: "crm-sync", status: "error_disabled", version: "1.0.0", note: { any: [1] } };
const stored = {
  _id: "r1",
  id: "crm-sync",
  status: "error_disabled",
  info: { name: "CRM", version: "1.0.0" },
  languageContent: { en: {} },
};

describe("a migrated app", () => {
  test("gives its record back word for word", () => {
    expect(formOf(migrated(plain, "plain"))).toEqual(plain);
    expect(formOf(migrated(stored, "rocketchat"))).toEqual(stored);
  });

  test("says so too when it was turned off and on", () => {
    const app = migrated(plain, "plain");
    app.run("disable", { reason: "night" });
    app.run("enable", { reason: "morning" });
    expect(formOf(app)).toEqual(plain);
  });

  test("has the status that somebody has given it since", () => {
    const app = migrated(stored, "rocketchat");
    app.run("disable", { reason: "night" });
    expect(formOf(app)).toEqual({ ...stored, status: "manually_disabled" });
  });

  test("has the version it was given since", () => {
    const [one, other] = [migrated(plain, "plain"), migrated(stored, "rocketchat")];
    for (const app of [one, other]) app.run("update", { version: "2.0.0", reason: "new" });
    expect(formOf(one)).toEqual({ ...plain, version: "2.0.0" });
    expect(formOf(other)).toEqual({ ...stored, info: { name: "CRM", version: "2.0.0" } });
  });

  test("keeps the fields of a half-migrated record true", () => {
    const half = { ...plain, desiredStatus: "enabled", initStatus: "auto_enabled" };
    const app = migrated(half, "plain");
    expect(formOf(app)).toEqual(half);
    app.run("disable", { reason: "night" });
    expect(formOf(app)).toEqual({
      ...half,
      status: "manually_disabled",
      desiredStatus: "disabled",
      initStatus: "manually_disabled",
    });
  });
});

describe("an app of this cluster", () => {
  const app = newApp();
  app.run("install", { version: "1.0.0", settings: { url: "x" }, ref: "b/1", reason: "first" });

  test("is written in the format asked for", () => {
    expect(formOf(app)).toEqual({
      id: "crm-sync",
      version: "1.0.0",
      status: "manually_enabled",
      ref: "b/1",
      settings: { url: "x" },
    });
    expect(formOf(app, "rocketchat")).toEqual({
      id: "crm-sync",
      status: "manually_enabled",
      info: { id: "crm-sync", version: "1.0.0" },
      settings: { url: { id: "url", value: "x" } },
    });
  });
});
