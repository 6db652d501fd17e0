import { describe, expect, test } from "bun:test";
import { maxRecordChars } from "./model.ts";
import { readRecord } from "./read-record.ts";

const stored = {
  _id: { $oid: "65f0c0ffee" },
  id: "b3f1c2d4-0000-4000-8000-1234567890ab",
  status: "invalid_settings_disabled",
  info: { id: "b3f1", name: "Poll", version: "1.4.2", permissions: [{ name: "x" }] },
  installationSource: "marketplace",
  languageContent: { en: { hello: "Hello" } },
  settings: {
    url: { id: "url", type: "string", packageValue: "https://a", value: "https://b" },
    limit: { id: "limit", type: "int", packageValue: 7 },
    secret: { id: "secret", type: "password", packageValue: null },
    odd: "text",
  },
  implemented: { IPostMessageSent: true },
};

describe("a record of the server's store", () => {
  test("gives id, version, settings and status", () => {
    expect(readRecord(stored, "rocketchat", 0)).toEqual({
      kind: "read",
      recordId: "65f0c0ffee",
      record: {
        appId: stored.id,
        package: { version: "1.4.2" },
        settings: { url: "https://b", limit: 7 },
        status: "invalid_settings_disabled",
        previousStatus: undefined,
        desiredStatus: undefined,
        initStatus: undefined,
        text: JSON.stringify(stored),
      },
    });
  });

  test("may come from a driver, with dates and ids that are objects", () => {
    const _id = { toJSON: () => "65f0" };
    const reading = readRecord({ ...stored, _id, updatedAt: new Date(0) }, "rocketchat", 0);
    expect(reading.kind === "read" && JSON.parse(reading.record.text)).toMatchObject({
      _id: "65f0",
      updatedAt: "1970-01-01T00:00:00.000Z",
    });
  });
});

describe("a plain record", () => {
  test("gives what it has, and null is nothing", () => {
    const given = { id: "crm", version: "2.0.0", ref: "b/7", status: "disabled", settings: null };
    const reading = readRecord(given, "plain", 3);
    expect(reading).toMatchObject({
      kind: "read",
      recordId: "crm",
      record: { appId: "crm", package: { version: "2.0.0", ref: "b/7" }, status: "disabled" },
    });
    expect(reading.kind === "read" && reading.record.settings).toBeUndefined();
  });
});

describe("what cannot be read is named by its id and its fault", () => {
  const circular: Record<string, unknown> = { id: "crm" };
  circular["self"] = circular;
  let deep: unknown = "end";
  for (let n = 0; n < 200_000; n++) deep = [deep];

  test.each([
    ["text", "crm", "#4", /no JSON object/],
    ["a list", [{ id: "crm" }], "#4", /no JSON object/],
    ["null", null, "#4", /no JSON object/],
    ["no id", { status: "disabled" }, "#4", /^id must be an id/],
    ["an id of capitals", { _id: "r1", id: "CRM", status: "disabled" }, "r1", /^id must match/],
    ["a reserved id", { id: "installed", status: "disabled" }, "installed", /reserved/],
    ["a version that is none", { id: "crm", version: " 1" }, "crm", /^version must match/],
    ["a status that is no text", { id: "crm", status: 3 }, "crm", /^status must be text/],
    ["another desired status", { id: "crm", desiredStatus: "on" }, "crm", /^desiredStatus/],
    ["another init status", { id: "crm", initStatus: "up" }, "crm", /^initStatus/],
    ["settings that are a list", { id: "crm", settings: [] }, "crm", /^settings must be/],
    ["itself in it", circular, "crm", /not JSON/],
    ["too many levels", { id: "crm", deep }, "crm", /not JSON/],
  ])("%s", (_, given, recordId, message) => {
    const reading = readRecord(given, "plain", 4);
    expect(reading).toMatchObject({ kind: "unreadable", recordId, code: "invalid_record" });
    expect(reading.kind === "unreadable" && reading.message).toMatch(message);
  });

  test("settings beyond what an app may have", () => {
    const settings = { a: { value: "x".repeat(40_000) } };
    expect(readRecord({ ...stored, settings }, "rocketchat", 0)).toMatchObject({
      kind: "unreadable",
      message: "settings are more than an app may have",
    });
  });

  test("a record over the limit", () => {
    const given = { id: "crm", status: "disabled", icon: "x".repeat(maxRecordChars) };
    expect(readRecord(given, "plain", 0)).toMatchObject({
      kind: "unreadable",
      code: "record_too_large",
      status: "disabled",
    });
  });
});
