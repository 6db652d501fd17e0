/** Runs one check: Spin makes a C program of the model, which searches all its states. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "./checks.ts";

export interface CheckResult {
  readonly ok: boolean;
  readonly states: string;
  readonly seconds: number;
  /** What was wrong, where something was. */
  readonly why?: string;
}

const longestSearchMs = 600_000;
/** Of one search, in megabytes. */
const memoryLimit = 3_500;
const searchDepth = 100_000;

interface Ran {
  readonly code: number;
  readonly output: string;
}

const run = async (folder: string, ...command: readonly string[]): Promise<Ran> => {
  const child = Bun.spawn([...command], {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
    timeout: longestSearchMs,
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + err };
};

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), "muster-model-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const sourceOf = ({ model }: Check): string => join(import.meta.dir, `${model}.pml`);

const first = (pattern: RegExp, text: string): string | undefined => pattern.exec(text)?.[1];

const judge = ({ expect }: Check, output: string): string | undefined => {
  const errors = first(/errors: (\d+)/, output);
  if (errors === undefined) return "the search did not end";
  if (expect === "fails") {
    return errors !== "0" && output.includes("assertion violated")
      ? undefined
      : "no assertion was violated";
  }
  const cut = first(/(max search depth too small|out of memory)/, output);
  if (cut) return cut;
  return errors === "0" ? undefined : (first(/(assertion violated .*)/, output) ?? "an error");
};

/** Searches the model. A search for a planted bug is short, so its program is compiled faster. */
export const runCheck = (check: Check): Promise<CheckResult> =>
  inFolder(async (folder) => {
    const startedAt = performance.now();
    const end = (why: string | undefined, states = "?"): CheckResult => ({
      ok: why === undefined,
      states,
      seconds: (performance.now() - startedAt) / 1_000,
      ...(why !== undefined && { why }),
    });
    const made = await run(folder, "spin", "-a", ...check.flags, sourceOf(check));
    if (made.code !== 0) return end(`spin: ${made.output.split("\n")[0]}`);
    const isSmall = check.expect === "fails" || check.quick;
    const compile = ["-w", isSmall ? "-O0" : "-O2", "-DCOLLAPSE", "-DSAFETY"];
    const limits = `-DMEMLIM=${memoryLimit}`;
    const built = await run(folder, "gcc", ...compile, limits, "-o", "pan", "pan.c");
    if (built.code !== 0) return end(`gcc: ${built.output.split("\n")[0]}`);
    const { output } = await run(folder, "nice", "./pan", "-E", `-m${searchDepth}`);
    return end(judge(check, output), first(/(\d+) states, stored/, output));
  });

/** The shortest way into a violated assertion, as the model tells it step by step. */
export const traceOf = (check: Check): Promise<string> =>
  inFolder(async (folder) => {
    await Bun.write(join(folder, "model.pml"), Bun.file(sourceOf(check)));
    await run(folder, "spin", "-a", ...check.flags, "model.pml");
    await run(folder, "gcc", "-w", "-O1", "-DSAFETY", "-DREACH", "-o", "pan", "pan.c");
    await run(folder, "nice", "./pan", "-E", "-i", `-m${searchDepth}`);
    const { output } = await run(folder, "spin", "-t", ...check.flags, "model.pml");
    return output.includes("cannot find trail file")
      ? "no assertion is violated"
      : output.replace(/\n\s*\n/g, "\n");
  });
