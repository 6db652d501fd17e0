/** The compiler refuses what it must, and each marked line by itself. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as uses from "./wrong-uses.ts";

const root = join(import.meta.dir, "../..");
const source = readFileSync(join(import.meta.dir, "wrong-uses.ts"), "utf8");
// Below node_modules nothing else looks for sources, and packages are found all the same.
const folder = join(root, `test/node_modules/.cache/types-${process.pid}`);

/** Lines at which the compiler finds something wrong. */
const compile = (name: string, text: string): readonly number[] => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.ts`), text);
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: { types: ["bun-types"] },
    files: [`./${name}.ts`],
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
  const { stdout } = Bun.spawnSync([
    join(root, "node_modules/.bin/tsc"),
    "--pretty",
    "false",
    "-p",
    join(folder, `${name}.json`),
  ]);
  const output = stdout.toString();
  const lines = [...output.matchAll(new RegExp(`${name}\\.ts\\((\\d+),`, "g"))];
  const elsewhere = output
    .split("\n")
    .filter((line) => /error TS/.test(line) && !line.includes(name));
  expect(elsewhere).toEqual([]);
  return [...new Set(lines.map(([, line]) => Number(line)))].sort((a, b) => a - b);
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("right uses compile, and every wrong one is refused", () => {
  expect(Object.keys(uses)).toContain("rightUses");
  expect(compile("as-it-is", source)).toEqual([]);
});

test("without its mark, each wrong line is an error and no other line is", () => {
  const lines = source.split("\n");
  const isMark = (line: string) => /^\s*\/\/ @ts-expect-error /.test(line);
  const marked = lines.flatMap((line, n) => (isMark(line) ? [n + 2] : []));
  expect(marked.length).toBeGreaterThan(30);
  const unmarked = source.replaceAll("@ts-expect-error", "an error:");
  expect(compile("unmarked", unmarked)).toEqual(marked);
});
