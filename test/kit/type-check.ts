/** Type-checks a text as one module of the test workspace. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Compiler, compile, compilers } from "./compilers.ts";

const root = join(import.meta.dir, "../..");

export interface TypeFinding {
  readonly line: number;
  readonly message: string;
}

/** The lines of `source.ts` among what a compiler found. @throws Error for findings elsewhere */
export const findingsInSource = (found: readonly string[]): readonly TypeFinding[] =>
  found.map((line) => {
    const at = /source\.ts\((\d+),\d+\): error (.*)$/.exec(line);
    if (!at) throw new Error(line);
    return { line: Number(at[1]), message: at[2] ?? "" };
  });

/**
 * Answers what the compiler finds in `source`, by line; by default the repository's own.
 * @throws Error for findings elsewhere
 */
export const typeCheck = (
  source: string,
  compiler: Compiler | undefined = compilers.at(-1),
): readonly TypeFinding[] => {
  if (!compiler) throw new Error("there is no compiler");
  // Below node_modules nothing else looks for sources, and packages are found all the same.
  const folder = join(root, `test/node_modules/.cache/types-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, "source.ts"), source);
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { types: ["bun-types"] },
      files: ["./source.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    return findingsInSource(compile(folder, compiler));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
