import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, folderWith } from "../cli-kit.test.ts";
import { loadDevModule } from "./dev-module.ts";

cleanUpAfterEach();

const load = (source: string) => loadDevModule("node.mjs", folderWith({ "node.mjs": source }));

describe("a module for muster dev", () => {
  test("gives its exports by name, or those of `options`", async () => {
    expect(await load("export const actors = [1]; export const other = 2;")).toEqual({
      actors: [1] as never,
    });
    expect(await load("export const options = { settings: { leaseMs: 9 } };")).toEqual({
      settings: { leaseMs: 9 },
    });
  });

  test.each([
    ["export const other = 1", "exports none of actors, replicas, apps, settings"],
    ["export const actors = {}", '"actors" must be a list'],
    ["export const apps = 'folder'", '"apps" must be an object'],
    ["throw new Error('on purpose')", "does not load: Error: on purpose"],
    ["syntax error", "does not load"],
  ])("`%s` is refused", async (source, message) => {
    await expect(load(source)).rejects.toThrow(message);
  });

  test("that is not there, or is a folder, is refused", async () => {
    const cwd = folderWith();
    await expect(loadDevModule("gone.mjs", cwd)).rejects.toThrow("there is no file gone.mjs");
    await expect(loadDevModule(".", cwd)).rejects.toThrow(". is not a file");
  });
});
