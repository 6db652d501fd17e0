import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const named = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:test|packages)\/[\w./-]+\.test\.ts)`/g)].map(([, file]) => file ?? "");

const faults = read("docs/faults.md");
const rows = faults.split("\n").filter((line) => /^\| [A-Z]/.test(line));

test("every fault names a test, and every test named is there", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => named(row).length === 0)).toEqual([]);
  expect(named(faults).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("every test with real processes stands for a fault or a promise", () => {
  const told = new Set([...named(faults), ...named(read("docs/guarantees.md"))]);
  const files = readdirSync(join(root, "test/cluster")).filter((file) => /\.test\.ts$/.test(file));
  expect(files.filter((file) => !told.has(`test/cluster/${file}`))).toEqual([]);
});
