/** The compiler refuses what it must, and each marked line by itself. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { typeCheck } from "../kit/type-check.ts";
import * as uses from "./wrong-uses.ts";

const source = readFileSync(join(import.meta.dir, "wrong-uses.ts"), "utf8");

test("right uses compile, and every wrong one is refused", () => {
  expect(Object.keys(uses)).toContain("rightUses");
  expect(typeCheck(source)).toEqual([]);
});

test("without its mark, each wrong line is an error and no other line is", () => {
  const isMark = (line: string) => /^\s*\/\/ @ts-expect-error /.test(line);
  const marked = source.split("\n").flatMap((line, n) => (isMark(line) ? [n + 2] : []));
  expect(marked.length).toBeGreaterThan(30);
  const found = typeCheck(source.replaceAll("@ts-expect-error", "an error:"));
  expect([...new Set(found.map(({ line }) => line))].toSorted((a, b) => a - b)).toEqual(marked);
});
