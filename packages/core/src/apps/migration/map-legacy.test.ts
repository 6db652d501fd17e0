import { describe, expect, test } from "bun:test";
import { AppStatus } from "../model.ts";
import { mapLegacy } from "./map-legacy.ts";
import { readRecord } from "./read-record.ts";

const map = (fields: Record<string, unknown>) => {
  const reading = readRecord({ id: "crm", version: "1.0.0", ...fields }, "plain", 0);
  if (reading.kind !== "read") throw new Error(reading.message);
  return mapLegacy(reading.record);
};

const table: Readonly<Record<AppStatus, "enabled" | "disabled">> = {
  unknown: "enabled",
  constructed: "enabled",
  initialized: "enabled",
  auto_enabled: "enabled",
  manually_enabled: "enabled",
  compiler_error_disabled: "enabled",
  invalid_license_disabled: "enabled",
  invalid_installation_disabled: "enabled",
  error_disabled: "enabled",
  manually_disabled: "disabled",
  invalid_settings_disabled: "enabled",
  disabled: "disabled",
};
const transitional = ["unknown", "constructed", "initialized"] as const;

describe("a single status", () => {
  test.each(Object.entries(table))(
    "%s makes an app %s and stays its init status",
    (status, want) => {
      expect(map({ status })).toMatchObject({
        kind: "mapped",
        desiredStatus: want,
        initStatus: status as AppStatus,
      });
    },
  );

  test("the table has all of them", () => {
    expect(Object.keys(table).sort()).toEqual(Object.values(AppStatus).sort());
  });

  test.each(transitional.flatMap((status) => Object.entries(table).map((row) => [status, ...row])))(
    "%s after %s makes an app %s",
    (status, previousStatus, want) => {
      expect(map({ status, previousStatus })).toMatchObject({
        kind: "mapped",
        desiredStatus: want as "enabled",
        initStatus: status as AppStatus,
      });
    },
  );

  test("the status before counts only where the present one is transitional", () => {
    expect(map({ status: "disabled", previousStatus: "manually_enabled" })).toMatchObject({
      desiredStatus: "disabled",
    });
    expect(map({ status: "auto_enabled", previousStatus: "sleeping" })).toMatchObject({
      desiredStatus: "enabled",
    });
  });

  test.each([
    ["status", { status: "paused" }],
    ["status", { status: "AUTO_ENABLED" }],
    ["status", { status: "" }],
    ["status", { status: "constructor" }],
    ["previousStatus", { status: "unknown", previousStatus: "paused" }],
  ])("an unrecognised %s is refused", (field, fields) => {
    const mapping = map(fields);
    expect(mapping).toMatchObject({ kind: "refused", code: "status_unrecognised" });
    expect(mapping.why).toStartWith(field);
  });

  test("one is needed", () => {
    expect(map({})).toMatchObject({ kind: "refused", code: "status_missing" });
    expect(map({ status: null })).toMatchObject({ kind: "refused", code: "status_missing" });
  });
});

describe("a half-migrated record", () => {
  test("keeps its desired status, whatever the single one says", () => {
    expect(map({ status: "error_disabled", desiredStatus: "disabled" })).toMatchObject({
      desiredStatus: "disabled",
      initStatus: "error_disabled",
    });
    expect(map({ desiredStatus: "enabled" })).toMatchObject({
      desiredStatus: "enabled",
      initStatus: "unknown",
    });
  });

  test("keeps its init status, and the single one says what was wanted", () => {
    expect(map({ status: "manually_disabled", initStatus: "auto_enabled" })).toMatchObject({
      desiredStatus: "disabled",
      initStatus: "auto_enabled",
    });
    expect(map({ initStatus: "manually_disabled" })).toMatchObject({
      desiredStatus: "disabled",
      initStatus: "manually_disabled",
    });
  });

  test("keeps both", () => {
    const both = { desiredStatus: "disabled", initStatus: "initialized", status: "auto_enabled" };
    expect(map(both)).toMatchObject({ desiredStatus: "disabled", initStatus: "initialized" });
  });

  test("is refused as uninstalled: there is nothing to install", () => {
    expect(map({ desiredStatus: "uninstalled" })).toMatchObject({
      kind: "refused",
      code: "uninstalled",
    });
  });

  test("is refused with a single status that is not recognised", () => {
    expect(map({ desiredStatus: "enabled", status: "paused" }).kind).toBe("refused");
  });
});
