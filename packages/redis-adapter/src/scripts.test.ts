/** The Lua files keep the house's rules, and scripts.generated.ts is what they say. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileScripts, target } from "../scripts/gen-scripts.ts";
import { statuses } from "./statuses.ts";

const folder = join(import.meta.dirname, "scripts");
const filesOf = (path: string) =>
  readdirSync(path)
    .filter((file) => file.endsWith(".lua"))
    .map((file) => ({ file, text: readFileSync(join(path, file), "utf8") }));
const scripts = filesOf(folder);
const includes = filesOf(join(folder, "include"));
const withoutComments = (text: string): string => text.replace(/^\s*--.*$/gm, "");

test("the generated module is up to date (bun run gen:scripts)", () => {
  expect(readFileSync(target, "utf8")).toBe(compileScripts());
});

test("every script says its purpose, keys, arguments, answers and cost", () => {
  const lacking = scripts.filter(({ file, text }) => {
    const lines = text.split("\n");
    const name = file.slice(0, -".lua".length);
    return (
      !lines[0]?.startsWith("#!lua") ||
      !lines[1]?.startsWith(`-- ${name}: `) ||
      !["KEYS", "ARGV", "returns", "cost"].every((part) =>
        lines.some((line) => line.startsWith(`-- ${part} `)),
      )
    );
  });
  expect(lacking.map(({ file }) => file)).toEqual([]);
});

test("no Lua file is longer than 120 lines", () => {
  const long = [...scripts, ...includes].filter(({ text }) => text.split("\n").length > 121);
  expect(long.map(({ file }) => file)).toEqual([]);
});

test("time and history are read in one place each", () => {
  const reading = (pattern: RegExp) =>
    [...scripts, ...includes]
      .filter(({ text }) => pattern.test(withoutComments(text)))
      .map(({ file }) => file);
  expect(reading(/redis\.call\('TIME'/)).toEqual(["now.lua"]);
  expect(reading(/redis\.call\('INFO'/)).toEqual(["history.lua"]);
});

test("every status that a script answers has its name", () => {
  const unnamed = [...scripts, ...includes].flatMap(({ file, text }) =>
    [...withoutComments(text).matchAll(/return (?:nil, )?\{(\d+)/g)]
      .filter(([, status]) => !(Number(status) in statuses))
      .map(([, status]) => `${file}: ${status}`),
  );
  expect(unnamed).toEqual([]);
});

test("only what adds messages and events is refused by a server without memory", () => {
  const refused = scripts.filter(({ text }) => !text.startsWith("#!lua flags=allow-oom\n"));
  expect(refused.map(({ file }) => file).sort()).toEqual([
    "add-events.lua",
    "append-out.lua",
    "append.lua",
  ]);
});
