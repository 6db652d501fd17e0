/** docs/errors.md has an entry for each code, and says of it what the code does. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, errorCodes } from "@muster/core";
import { type HttpCode, httpCodes, type ProblemCode, problemResponse } from "./problem.ts";

const path = join(import.meta.dirname, "../../../docs/errors.md");
const entries = readFileSync(path, "utf8")
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [code = "", ...lines] = (text.split(/^## /m)[0] ?? "").split("\n");
    return { code, text: lines.join("\n").trim() };
  });

const all: readonly ProblemCode[] = [...(Object.keys(errorCodes) as ErrorCode[]), ...httpCodes];
/** Of the HTTP layer's own codes only a lock-out passes by itself. */
const passing: ReadonlySet<string> = new Set<HttpCode>(["TOO_MANY_REQUESTS"]);
const isRetryable = (code: ProblemCode): boolean =>
  Object.hasOwn(errorCodes, code) ? errorCodes[code as ErrorCode] : passing.has(code);

test("each code has one entry, and no entry is about a code that there is not", () => {
  expect(entries.map(({ code }) => code).sort()).toEqual([...all].sort());
});

test("each entry says what happened, why, and what to do", () => {
  const parts = ["What happened", "Why", "What to do"];
  const lacking = entries.filter(
    ({ text }) =>
      !parts.every((part) => new RegExp(`^- \\*\\*${part}:\\*\\* .{10,}$`, "m").test(text)),
  );
  expect(lacking.map(({ code }) => code)).toEqual([]);
});

test("each entry names the status that the code has over HTTP, and whether it may be repeated", () => {
  const said = entries.map(({ code, text }) => `${code}: ${text.split("\n")[0]}`).sort();
  const real = all.map((code) => {
    const { status } = problemResponse(code, "", "");
    return `${code}: HTTP ${status}, ${isRetryable(code) ? "retryable" : "not retryable"}.`;
  });
  expect(said).toEqual(real.sort());
});
