import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isInnerPath, parseManifest } from "./app-manifest.ts";

const whole = { id: "mailer", name: "Mailer", version: "2.1.0", entry: "main.mjs" };
const errorOf = (value: unknown): string => {
  const parsed = parseManifest(typeof value === "string" ? value : JSON.stringify(value));
  if (parsed.kind === "manifest") throw new Error("was accepted");
  return parsed.error;
};

describe("parseManifest", () => {
  test("fills in what a manifest leaves out, and passes over what it does not know", () => {
    expect(parseManifest(JSON.stringify({ ...whole, author: "ops" }))).toEqual({
      kind: "manifest",
      manifest: {
        ...whole,
        endpoints: [],
        permissions: [],
        requiredSettings: [],
        requiresLicence: false,
      },
    });
  });

  test.each([
    ["no JSON", "{", "muster.app.json: not JSON"],
    ["no object", [], "muster.app.json: "],
    ["no id", { ...whole, id: undefined }, "id: "],
    ["a path as id", { ...whole, id: "../x" }, "id: must match"],
    ["a path as version", { ...whole, version: "1/2" }, "version: must be a version"],
    ["an entry outside", { ...whole, entry: "../main.mjs" }, "entry: must be a path inside"],
    [
      "an endpoint without a slash",
      { ...whole, endpoints: [{ method: "POST", path: "x" }] },
      "endpoints.0.path",
    ],
    [
      "an unknown method",
      { ...whole, endpoints: [{ method: "BREW", path: "/" }] },
      "endpoints.0.method",
    ],
    ["settings that are no list", { ...whole, requiredSettings: "url" }, "requiredSettings"],
    ["too much text", `"${"x".repeat(300_000)}"`, "longer than"],
  ])("names what is wrong with %s", (_, value, part) => {
    expect(errorOf(value)).toContain(part);
  });

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(["manifest", "invalid"]).toContain(parseManifest(text).kind);
      }),
    );
  });
});

describe("isInnerPath", () => {
  test.each(["main.mjs", "dist/main.mjs", "./main.mjs", "a..b/c"])("takes %s", (path) => {
    expect(isInnerPath(path)).toBe(true);
  });
  test.each([
    "",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "C:/x",
    "a\\..\\x",
    "file:x",
    "x\0",
    "x?y",
    "x#y",
    "%2e%2e/x",
  ])("refuses %p", (path) => {
    expect(isInnerPath(path)).toBe(false);
  });
});
