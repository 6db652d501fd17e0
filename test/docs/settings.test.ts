/** docs/operations.md names every setting with the default that it has. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSettings } from "@muster/core";

const text = readFileSync(join(import.meta.dir, "../../docs/operations.md"), "utf8");
const section = text.slice(
  text.indexOf("## Settings"),
  text.indexOf("\n## ", text.indexOf("## Settings") + 5),
);

const amount = (shown: string): number => {
  const [number = "", unit] = shown.trim().split(" ");
  const scale = unit === "MiB" ? 1_048_576 : unit === "KiB" ? 1_024 : 1;
  return Number(number.replaceAll(",", "")) * scale;
};

test("every setting stands there with its default", () => {
  const shown: Record<string, number> = {};
  for (const row of section.split("\n").filter((line) => line.startsWith("| `"))) {
    const [, names = "", defaults = ""] = row.split("|");
    const values = defaults.split(/, (?=\d)/);
    for (const [n, [, name = ""]] of [...names.matchAll(/`(\w+)`/g)].entries()) {
      shown[name] = amount(values[n] ?? "");
    }
  }
  expect(shown).toEqual({ ...defaultSettings });
});
