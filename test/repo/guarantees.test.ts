import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const text = readFileSync(join(root, "docs/guarantees.md"), "utf8");
const rows = text.split("\n").filter((line) => line.startsWith("| ") && line.includes("`"));

test("every promise names a test, and every test named is there", () => {
  const promises = text.split("\n").filter((line) => /^\| [A-Z]/.test(line));
  expect(promises.length).toBeGreaterThan(12);
  expect(promises.length).toBe(rows.length);
  const files = [...text.matchAll(/`((?:test|packages)\/[\w./-]+\.test\.ts)`/g)].map(
    ([, file]) => file,
  );
  expect(files.length).toBeGreaterThan(promises.length);
  expect(files.filter((file) => !existsSync(join(root, file ?? "")))).toEqual([]);
});
