/** Reads what an app is given: settings from a file and single flags, a licence from a file. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { usageError } from "./cli-error.ts";
import { readJsonFile } from "./config/settings-file.ts";
import type { Io } from "./io.ts";
import { isRecord, type JsonRecord, parseJson } from "./json.ts";

export interface SettingsFlags {
  readonly set?: readonly string[];
  readonly settings?: string;
}

const readSettingsFile = async (file: string, io: Io): Promise<JsonRecord> => {
  if (file !== "-") {
    const value = await readJsonFile(resolve(io.cwd, file));
    if (value === undefined) throw usageError(`--settings: there is no file ${file}`);
    return value;
  }
  const value = parseJson(await io.readAll());
  if (isRecord(value)) return value;
  throw usageError("--settings -: standard input does not hold a JSON object");
};

const setting = (pair: string): readonly [string, unknown] => {
  const at = pair.indexOf("=");
  if (at < 1) throw usageError(`--set ${pair} is not of the form key=value`);
  const text = pair.slice(at + 1);
  const value = parseJson(text);
  return [pair.slice(0, at), value === undefined ? text : value];
};

/**
 * Settings of the file with single ones over them; `undefined` where neither was given.
 * @throws CliError `USAGE`
 */
export const readSettings = async (
  { set, settings }: SettingsFlags,
  io: Io,
): Promise<JsonRecord | undefined> => {
  if (settings === undefined && set === undefined) return undefined;
  const fromFile = settings === undefined ? {} : await readSettingsFile(settings, io);
  return { ...fromFile, ...Object.fromEntries((set ?? []).map(setting)) };
};

/** The text of a licence; `-` reads standard input. @throws CliError `USAGE` */
export const readLicence = async (file: string, io: Io): Promise<string> => {
  const text = file === "-" ? await io.readAll() : await readText(resolve(io.cwd, file), file);
  const licence = text.trim();
  if (licence !== "") return licence;
  throw usageError(`--file ${file} holds no licence`);
};

const readText = async (path: string, file: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw usageError(`--file: ${file} cannot be read`);
  }
};
