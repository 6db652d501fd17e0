/** Reads what an installation of an app was asked with. */
import { resolve } from "node:path";
import { usageError } from "./cli-error.ts";
import { readJsonFile } from "./config/settings-file.ts";
import type { Io } from "./io.ts";
import { isRecord, type JsonRecord, parseJson } from "./json.ts";

export interface InstallOptions {
  readonly version: string;
  readonly ref?: string;
  readonly disabled?: boolean;
  readonly set?: readonly string[];
  readonly settings?: string;
}

export type InstallRequest = JsonRecord & { readonly id: string; readonly version: string };

const readSettings = async (file: string, io: Io): Promise<JsonRecord> => {
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

/** Makes the request; single settings go over those of the file. @throws CliError `USAGE` */
export const readInstallRequest = async (
  id: string,
  { version, ref, disabled, set, settings }: InstallOptions,
  io: Io,
): Promise<InstallRequest> => {
  const fromFile = settings === undefined ? {} : await readSettings(settings, io);
  const all = { ...fromFile, ...Object.fromEntries((set ?? []).map(setting)) };
  const given = settings !== undefined || set !== undefined;
  return {
    id,
    version,
    ...(ref !== undefined && { ref }),
    ...(disabled && { desiredStatus: "disabled" }),
    ...(given && { settings: all }),
  };
};
