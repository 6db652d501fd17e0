/** Reads until when something is to hold: an instant, or a while from now. */
import { usageError } from "./cli-error.ts";
import { isDuration as isWhile, parseDuration } from "./duration.ts";

const isInstant = (text: string): boolean => /^\d{4}-\d{2}-\d{2}T/.test(text);

/**
 * Takes `2026-05-01T18:00:00Z`, or a while such as `2h`.
 * @returns an ISO-8601 instant
 * @throws CliError `USAGE`
 */
export const parseUntil = (text: string, now: number): string => {
  if (!isInstant(text) && !isWhile(text)) {
    throw usageError(
      `--until "${text}" is neither an instant nor a while`,
      "Write 2026-05-01T18:00:00Z, or a while of at most 7d such as 2h.",
    );
  }
  if (!isInstant(text)) return new Date(now + parseDuration("--until", text)).toISOString();
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw usageError(`--until "${text}" is no instant`, "Write 2026-05-01T18:00:00Z, or 2h.");
  }
  return new Date(at).toISOString();
};
