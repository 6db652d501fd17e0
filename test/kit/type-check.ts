/** Type-checks a text as one module of the test workspace. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface TypeFinding {
  readonly line: number;
  readonly message: string;
}

/**
 * Answers what the compiler finds in `source`, by line.
 * @throws Error for findings elsewhere
 */
export const typeCheck = (source: string): readonly TypeFinding[] => {
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
    const tsc = join(root, "node_modules/.bin/tsc");
    const { stdout } = Bun.spawnSync([tsc, "--pretty", "false", "-p", folder]);
    const findings: TypeFinding[] = [];
    for (const line of stdout.toString().split("\n")) {
      if (!/error TS\d+/.test(line)) continue;
      const at = /source\.ts\((\d+),\d+\): error (.*)$/.exec(line);
      if (!at) throw new Error(line);
      findings.push({ line: Number(at[1]), message: at[2] ?? "" });
    }
    return findings;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
