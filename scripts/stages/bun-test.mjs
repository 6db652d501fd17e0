/** Runs `bun test` on one folder and counts by its JUnit report. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunPath } from "../setup/paths.mjs";
import { run } from "../setup/run.mjs";

const attribute = (tag, name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);

const readCounts = (file) => {
  try {
    const tag = /<testsuites\b[^>]*>/.exec(readFileSync(file, "utf8"))?.[0];
    if (tag === undefined) return undefined;
    const failed = attribute(tag, "failures") + attribute(tag, "errors");
    const skipped = attribute(tag, "skipped");
    return { failed, skipped, passed: attribute(tag, "tests") - failed - skipped };
  } catch {
    return undefined;
  }
};

/**
 * Files run one after another. A run that ends badly without a failed test to show for it (an
 * import that throws, an error between tests, a crash) counts as one failure.
 */
export const bunTest = async ({ folder, timeoutMs, env, args = [] }) => {
  const target = mkdtempSync(join(tmpdir(), "muster-junit-"));
  const report = join(target, "junit.xml");
  try {
    const { code, signal } = await run(
      bunPath,
      [
        "test",
        `./${folder}`,
        `--timeout=${timeoutMs}`,
        "--max-concurrency=4",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...args,
      ],
      { show: true, env: { ...env, CI: "1" } },
    );
    const counts = readCounts(report) ?? { passed: 0, failed: 0, skipped: 0 };
    const ended = code !== 0 && counts.failed === 0;
    return {
      passed: counts.passed,
      failed: counts.failed + (ended ? 1 : 0),
      notes: [
        ...(counts.skipped > 0 ? [`${counts.skipped} skipped at run time`] : []),
        ...(ended ? [`bun test ended with ${signal ?? code} and no failed test`] : []),
      ],
    };
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
};
