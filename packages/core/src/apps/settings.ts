/**
 * The inputs of an app: settings, a bounded JSON object with the hash by which nodes compare what
 * they use, and its licence, a bounded text.
 */
import { z } from "zod";

export type AppSettings = Readonly<Record<string, unknown>>;

export const maxSettingsChars = 32_768;
const maxDepth = 16;

const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * Says what keeps a value from being JSON that every backend carries unchanged, or `undefined`.
 * Depth is checked before anything else descends, so deeply nested input cannot exhaust the stack.
 */
const jsonProblem = (value: unknown, path: string, depth: number): string | undefined => {
  if (depth > maxDepth) return `${path} is nested deeper than ${maxDepth} levels`;
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : `${path} is not a finite number`;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const problem = jsonProblem(item, `${path}[${index}]`, depth + 1);
      if (problem) return problem;
    }
    return undefined;
  }
  if (!isPlainObject(value)) return `${path} is not JSON`;
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") return `${path} has a key "__proto__"`;
    const problem = jsonProblem(item, `${path}.${key}`, depth + 1);
    if (problem) return problem;
  }
  return undefined;
};

/** Accepts a JSON object of at most 32,768 characters and 16 levels. */
export const appSettings = z
  .custom<AppSettings>((value) => isPlainObject(value), "must be an object")
  .superRefine((value, context) => {
    const problem = jsonProblem(value, "settings", 0);
    if (problem) {
      context.addIssue({ code: "custom", message: problem });
    } else if (JSON.stringify(value).length > maxSettingsChars) {
      context.addIssue({
        code: "custom",
        message: `settings are over the limit of ${maxSettingsChars} characters`,
      });
    }
  });

export const appLicence = z
  .string("must be text")
  .trim()
  .min(1, "must not be empty")
  .max(16_384, "must be at most 16384 characters");

const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
};

/** Tells whether two settings say the same, whatever the order of their keys. */
export const sameSettings = (a: AppSettings, b: AppSettings): boolean =>
  canonical(a) === canonical(b);

/** Two 32-bit mixes over the canonical form: for telling settings apart, not for secrecy. */
export const settingsHash = (settings: AppSettings): string => {
  const text = canonical(settings);
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
  return hex(high) + hex(low);
};
