/** The file of wrong uses, and the lines of it that are to be refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const wrongUses = readFileSync(join(import.meta.dir, "wrong-uses.ts"), "utf8");

/** The same without its marks: each line that was marked is an error now. */
export const unmarked = wrongUses.replaceAll("@ts-expect-error", "an error:");

const isMark = (line: string): boolean => /^\s*\/\/ @ts-expect-error /.test(line);

/** Numbers of the lines behind a mark. */
export const markedLines: readonly number[] = wrongUses
  .split("\n")
  .flatMap((line, n) => (isMark(line) ? [n + 2] : []));

/** Lines in order, each once. */
export const linesOf = (findings: readonly { readonly line: number }[]): readonly number[] =>
  [...new Set(findings.map(({ line }) => line))].toSorted((a, b) => a - b);
