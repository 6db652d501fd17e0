/**
 * Makes src/scripts.generated.ts from src/scripts/*.lua, since a text import of Lua works in Bun but
 * not in published ESM. A line `--@include NAME` takes in include/NAME.lua, once for each script.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../src/scripts");
export const target = join(import.meta.dirname, "../src/scripts.generated.ts");

const expand = (file: string, taken: Set<string>): readonly string[] =>
  readFileSync(join(folder, file), "utf8")
    .split("\n")
    .flatMap((line) => {
      const name = /^--@include (\S+)$/.exec(line)?.[1];
      if (name === undefined) return line.trim() === "" || /^\s*--/.test(line) ? [] : [line];
      if (taken.has(name)) return [];
      taken.add(name);
      return expand(`include/${name}.lua`, taken);
    });

const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The generated module as it should be, by what the Lua files say now. */
export const compileScripts = (): string => {
  const entries = readdirSync(folder)
    .filter((file) => file.endsWith(".lua"))
    .sort()
    .map((file) => {
      const name = file.slice(0, -".lua".length);
      const lines = expand(file, new Set());
      const sha = createHash("sha1").update(lines.join("\n")).digest("hex");
      const source = lines.map((line) => `    ${JSON.stringify(line)},`).join("\n");
      return `  ${camelCase(name)}: script("${name}", "${sha}", [\n${source}\n  ]),`;
    });
  return [
    "// Made by `bun run gen:scripts` from scripts/*.lua; change those.",
    'import { script } from "./script.ts";',
    "",
    "export const scripts = {",
    ...entries,
    "} as const;",
    "",
  ].join("\n");
};

if (import.meta.main) writeFileSync(target, compileScripts());
