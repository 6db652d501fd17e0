/** What the docs show as TypeScript compiles as it stands. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { typeCheck } from "../kit/type-check.ts";

const root = join(import.meta.dir, "../..");

/** The blocks of one document, one after another, at the lines where they stand in it. */
const moduleOf = (file: string): { readonly source: string; readonly count: number } => {
  let inside = false;
  let count = 0;
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const kept = lines.map((line) => {
    if (line.startsWith("```")) {
      inside = !inside && line === "```ts";
      if (inside) count += 1;
      return "";
    }
    return inside ? line : "";
  });
  const source = kept.join("\n");
  const declaresMuster = /\bconst muster\b/.test(source);
  const prelude = 'declare const muster: import("@muster/core").Muster; export {};';
  return { source: declaresMuster ? `${source}\nexport {};` : `${source}\n${prelude}`, count };
};

test.each([
  ["README.md", 1],
  ["docs/getting-started.md", 2],
  ["docs/your-own-actor.md", 5],
  ["docs/testing-your-actors.md", 4],
])("%s", (file, least) => {
  const { source, count } = moduleOf(file);
  expect(count).toBeGreaterThanOrEqual(least);
  expect(typeCheck(source)).toEqual([]);
});
