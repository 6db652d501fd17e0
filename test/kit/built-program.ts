/** Finds how to run a test program: as it is under Bun, or bundled against the built packages under Node. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Runtime = "bun" | "node";

/** Runtime asked for by `MUSTER_TEST_RUNTIME`. @defaultValue "bun" */
export const testRuntime = (): Runtime =>
  process.env["MUSTER_TEST_RUNTIME"] === "node" ? "node" : "bun";

const built = new Map<string, string>();
const bunPath = (): string => ("Bun" in globalThis ? process.execPath : "bun");

/**
 * Bundles a TypeScript program for Node into `dist` beside it. Packages stay outside, so that the
 * `dist` of each is what runs.
 */
export const buildForNode = (program: URL): string => {
  const source = fileURLToPath(program);
  const known = built.get(source);
  if (known !== undefined) return known;
  const folder = join(dirname(source), "dist");
  const file = join(folder, basename(source).replace(/\.ts$/, ".mjs"));
  mkdirSync(folder, { recursive: true });
  execFileSync(
    bunPath(),
    ["build", source, "--target=node", "--format=esm", "--packages=external", `--outfile=${file}`],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  built.set(source, file);
  return file;
};

/** Command line that runs a program under a runtime. */
export const programCommand = (program: URL, runtime: Runtime): readonly string[] =>
  runtime === "node" ? ["node", buildForNode(program)] : [bunPath(), fileURLToPath(program)];
