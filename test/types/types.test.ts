/** The compilers refuse what they must, each marked line by itself, and accept all other lines. */
import { expect, test } from "bun:test";
import { compilers } from "../kit/compilers.ts";
import { typeCheck } from "../kit/type-check.ts";
import { linesOf, markedLines, unmarked, wrongUses } from "./marked-lines.ts";
import * as uses from "./wrong-uses.ts";

test("right uses compile, and every wrong one is refused", () => {
  expect(Object.keys(uses)).toContain("rightUses");
  expect(markedLines.length).toBeGreaterThan(30);
  expect(typeCheck(wrongUses)).toEqual([]);
});

test.each(compilers.map((compiler) => [compiler.version, compiler] as const))(
  "without its mark, each wrong line is an error of TypeScript %s and no other line is",
  (_, compiler) => {
    expect(linesOf(typeCheck(unmarked, compiler))).toEqual(markedLines);
  },
  120_000,
);
