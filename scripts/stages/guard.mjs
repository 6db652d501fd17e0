/**
 * Refuses what must not be committed: tests that are skipped or focused, control characters that
 * make code read otherwise than it runs, and secrets.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/paths.mjs";
import { run } from "../setup/run.mjs";

const isTest = (file) => /\.test\.m?[jt]sx?$/.test(file);

/** What is refused, and where; the patterns are split so that this file does not match itself. */
const rules = [
  {
    says: "skipped or focused test",
    pattern:
      /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:only|skip|todo)\s*\(|\b(?:x|f)(?:it|describe)\s*\(/,
    applies: isTest,
  },
  {
    says: "bidirectional or invisible control character",
    pattern: /[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/,
    applies: () => true,
  },
  {
    says: "private key",
    pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/,
    applies: () => true,
  },
  {
    says: "access token",
    pattern:
      /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60}|npm_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{20})/,
    applies: () => true,
  },
  {
    says: "password in an address",
    pattern:
      /\b(?:https?|rediss?):\/\/[^\s/:@"'`$<>{}]*:(?!secret@|password@|wrong@|\*+@)[^\s/@"'`$<>{}]{6,}@(?!(?:127\.0\.0\.1|localhost|redis|example)\b)/,
    applies: (file) => !isTest(file),
  },
];

const maxBytes = 2_000_000;

const trackedFiles = async () => {
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  if (listed.code !== 0) throw new Error(`git ls-files failed: ${listed.output}`);
  return listed.output.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
};

/** What one file must not hold, as `file:line: what`. */
export const findingsIn = (file, text) =>
  text
    .split("\n")
    .flatMap((line, index) =>
      rules
        .filter(({ pattern, applies }) => applies(file) && pattern.test(line))
        .map(({ says }) => `${file}:${index + 1}: ${says}`),
    );

/** Looks through every file that git knows or would take. @returns what was found */
export const guard = async () => {
  const found = [];
  for (const file of await trackedFiles()) {
    const path = join(root, file);
    if (!statSync(path).isFile() || statSync(path).size > maxBytes) continue;
    const bytes = readFileSync(path);
    if (!bytes.includes(0)) found.push(...findingsIn(file, bytes.toString("utf8")));
  }
  return found;
};
