/**
 * Settings files: `muster.config.json` of a project, `config.json` of a user. Every member is known
 * and checked; each broken rule is one sentence that names the file.
 */
import { readFile } from "node:fs/promises";
import { usageError } from "../cli-error.ts";
import { isRecord, type JsonRecord, parseJson } from "../json.ts";

export const projectFileName = "muster.config.json";
const maxChars = 1_048_576;

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Reads a small text file; `undefined` where there is none. @throws CliError `USAGE` */
export const readTextFile = async (path: string): Promise<string | undefined> => {
  try {
    const text = await readFile(path, "utf8");
    if (text.length <= maxChars) return text;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw usageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw usageError(`${path} is larger than ${maxChars} characters`);
};

/** Reads a file that holds one JSON object; `undefined` where there is none. @throws CliError `USAGE` */
export const readJsonFile = async (path: string): Promise<JsonRecord | undefined> => {
  const text = await readTextFile(path);
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (isRecord(value)) return value;
  throw usageError(
    value === undefined ? `${path} is not JSON` : `${path} does not hold a JSON object`,
  );
};

const types = {
  text: (value: unknown) => typeof value === "string" && value !== "",
  number: (value: unknown) => typeof value === "number",
  object: isRecord,
  list: Array.isArray,
} as const;
export type MemberType = keyof typeof types;

const described: Readonly<Record<MemberType, string>> = {
  text: "text",
  number: "a number",
  object: "an object",
  list: "a list",
};

/** Checks names and types of an object's members. @throws CliError `USAGE` naming what is wrong */
export const checkMembers = (
  file: string,
  at: string,
  value: JsonRecord,
  members: Readonly<Record<string, MemberType>>,
): void => {
  for (const [key, member] of Object.entries(value)) {
    const path = at === "" ? key : `${at}.${key}`;
    const type = Object.hasOwn(members, key) ? members[key] : undefined;
    if (type === undefined) {
      throw usageError(
        `${file}: "${path}" is not known`,
        `Known here: ${Object.keys(members).join(", ")}.`,
      );
    }
    if (!types[type](member)) throw usageError(`${file}: "${path}" must be ${described[type]}`);
  }
};
