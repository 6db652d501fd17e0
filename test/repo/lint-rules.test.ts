/** Proves that the layering rules of biome.json fire, by linting wrong files laid out like ours. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const core = "packages/core/src";

const time = "noRestrictedGlobals";
const ambient = "plugin";
const imports = "noRestrictedImports";
const use = (from: string): string => `import { a } from "${from}";\nexport const b = a;\n`;

/** What is written where, and the rule that refuses it (`none`: it is fine). */
const cases: readonly (readonly [path: string, source: string, rule: string])[] = [
  [`${core}/engine/new-date.ts`, "export const a = new Date();", time],
  [`${core}/engine/date-now.ts`, "export const a = Date.now();", time],
  [`${core}/engine/timeout.ts`, "setTimeout(() => {}, 1);", time],
  [`${core}/apps/process.ts`, "export const a = process.pid;", time],
  [`${core}/engine/random.ts`, "export const a = Math.random();", ambient],
  [`${core}/engine/random-taken.ts`, "export const { random } = Math;", ambient],
  [`${core}/engine/global-date.ts`, "export const a = globalThis.Date.now();", ambient],
  [`${core}/engine/global-key.ts`, 'export const a = globalThis["Date"];', ambient],
  [`${core}/engine/uuid.ts`, "export const a = crypto.randomUUID();", ambient],
  [`${core}/ports/system-clock.ts`, "export const a = Date.now() + Math.random();", "none"],
  [`${core}/testing/clock.ts`, "export const a = Date.now() + Math.random();", "none"],
  [`${core}/engine/clock.test.ts`, "export const a = Date.now() + Math.random();", "none"],
  [`${core}/engine/to-feature.ts`, use("../apps/model.ts"), imports],
  [`${core}/engine/to-facade.ts`, use("../muster.ts"), imports],
  [`${core}/engine/to-redis.ts`, use("ioredis"), imports],
  [`${core}/engine/to-port.ts`, use("../ports/clock.ts"), "none"],
  [`${core}/model/to-port.ts`, use("../ports/clock.ts"), imports],
  [`${core}/model/to-library.ts`, use("zod"), imports],
  [`${core}/model/to-model.ts`, use("./ids.ts"), "none"],
  [`${core}/ports/to-engine.ts`, use("../engine/node.ts"), imports],
  [`${core}/ports/to-model.ts`, use("../model/ids.ts"), "none"],
  [`${core}/to-redlock.ts`, use("redlock"), imports],
  ["packages/cli/src/to-redis.ts", use("ioredis"), imports],
  ["packages/http/src/to-adapter.ts", use("@muster/redis-adapter"), imports],
  ["packages/http/src/routes/to-inside.ts", use("../../../core/src/codec.ts"), imports],
  ["packages/http/src/to-core.ts", use("@muster/core"), "none"],
  ["packages/redis-adapter/src/to-redlock.ts", use("redlock"), imports],
  ["packages/redis-adapter/src/redlock-guard.ts", use("redlock"), "none"],
  ["packages/redis-adapter/src/to-redis.ts", use("ioredis"), "none"],
  ["packages/http/src/camelCase.ts", "export const a = 1;", "useFilenamingConvention"],
  ["packages/http/src/default.ts", "export default 1;", "noDefaultExport"],
  ["packages/http/src/enum.ts", 'export enum A {\n  b = "b",\n}', "noEnum"],
  ["packages/http/src/any.ts", "export const f = (a: any) => a;", "noExplicitAny"],
  ["packages/http/src/bang.ts", "export const f = (a?: string) => a!;", "noNonNullAssertion"],
  [
    "packages/http/src/cycle-a.ts",
    'import { b } from "./cycle-b.ts";\nexport const a = b;',
    "noImportCycles",
  ],
  [
    "packages/http/src/cycle-b.ts",
    'import { a } from "./cycle-a.ts";\nexport const b = a;',
    "noImportCycles",
  ],
  ["packages/http/src/ending.ts", use("./enum"), "useImportExtensions"],
  [
    "test/only.test.ts",
    'import { test } from "bun:test";\ntest.only("a", () => {});',
    "noFocusedTests",
  ],
];

let project = "";
const found = new Map<string, Set<string>>();

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "muster-lint-"));
  cpSync(join(root, "biome.json"), join(project, "biome.json"));
  cpSync(join(root, ".gitignore"), join(project, ".gitignore"));
  cpSync(join(root, "scripts/lint"), join(project, "scripts/lint"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  for (const [path, source] of cases) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), `${source.trimEnd()}\n`);
  }
  const biome = join(root, "node_modules/.bin/biome");
  const run = spawnSync(biome, ["lint", "--reporter=github", "--max-diagnostics=none", "."], {
    cwd: project,
    encoding: "utf8",
  });
  for (const line of run.stdout.split("\n")) {
    const hit = /^::\w+ title=(?:lint\/\w+\/)?(\w+),file=([^,]+),/.exec(line);
    const file = hit?.[2]?.replace(`${project}/`, "");
    if (hit?.[1] === undefined || file === undefined) continue;
    found.set(file, (found.get(file) ?? new Set()).add(hit[1]));
  }
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the linter", () => {
  for (const [path, , rule] of cases) {
    const title = rule === "none" ? `lets ${path} be` : `refuses ${path} by ${rule}`;
    test(title, () => {
      const rules = [...(found.get(path) ?? [])];
      if (rule === "none") expect(rules).toEqual([]);
      else expect(rules).toContain(rule);
    });
  }
});
