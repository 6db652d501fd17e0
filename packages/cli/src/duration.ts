/** Durations as people type and read them. */
import { usageError } from "./cli-error.ts";

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const maxMs = 7 * 86_400_000;

const readDuration = (text: string): number | undefined => {
  const [, digits, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const ms = Number(digits) * (unitMs[unit] ?? Number.NaN);
  return Number.isFinite(ms) && ms <= maxMs ? Math.round(ms) : undefined;
};

/** Whether `parseDuration` takes it. */
export const isDuration = (text: string): boolean => readDuration(text) !== undefined;

/**
 * Parses `500ms`, `60s`, `5m`, `2h`; a bare number counts seconds.
 * @returns milliseconds
 * @throws CliError `USAGE`
 */
export const parseDuration = (flag: string, text: string): number => {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
  throw usageError(`${flag} "${text}" is no duration`, "Write 500ms, 60s, 5m or 2h; at most 7d.");
};

const parts: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** Prints milliseconds in at most two units: `340ms`, `4.2s`, `3m10s`, `2d4h`. */
export const formatDuration = (ms: number): string => {
  if (!Number.isFinite(ms) || ms < 0) return "-";
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const first = parts.findIndex(([, size]) => ms >= size);
  const [unit, size] = parts[first] ?? ["s", 1_000];
  const [nextUnit, nextSize] = parts[first + 1] ?? ["", 0];
  const rest = nextSize === 0 ? 0 : Math.floor((ms % size) / nextSize);
  return `${Math.floor(ms / size)}${unit}${rest > 0 ? `${rest}${nextUnit}` : ""}`;
};

/** Prints the age of an instant relative to another one, both ISO-8601; `-` where one is none. */
export const formatAge = (instant: string | undefined, asOf: string | undefined): string => {
  const ms = Date.parse(asOf ?? "") - Date.parse(instant ?? "");
  return Number.isNaN(ms) ? "-" : formatDuration(Math.max(0, ms));
};
