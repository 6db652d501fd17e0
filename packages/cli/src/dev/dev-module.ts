/** The module a developer hands to `muster dev`: loaded, and checked for what it exports. */
import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MusterOptions } from "@muster/core";
import { CliError, usageError } from "../cli-error.ts";
import { isRecord, type JsonRecord } from "../json.ts";

/** What the module may say of its node. */
export type DevExports = Pick<MusterOptions, "actors" | "replicas" | "apps" | "settings">;

const names = ["actors", "replicas", "apps", "settings"] as const;

const isTypeScript = (file: string): boolean => /^\.[cm]?tsx?$/.test(extname(file));

const load = async (path: string): Promise<JsonRecord> => {
  try {
    return (await import(pathToFileURL(path).href)) as JsonRecord;
  } catch (cause) {
    const unknownKind =
      cause instanceof Error && "code" in cause && cause.code === "ERR_UNKNOWN_FILE_EXTENSION";
    const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new CliError("MODULE_FAILED", `${path} does not load: ${message}`, {
      cause,
      ...(unknownKind &&
        isTypeScript(path) && {
          hint: "This Node does not run TypeScript: use Bun (bunx --bun muster dev …) or Node 22.18 or later.",
        }),
    });
  }
};

/** Loads the module; its exports, or those of an object named `options`. @throws CliError */
export const loadDevModule = async (file: string, cwd: string): Promise<DevExports> => {
  const path = resolve(cwd, file);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw usageError(`there is no file ${file}`);
  if (!found.isFile()) {
    throw usageError(`${file} is not a file`, `For a folder of apps: muster dev --apps ${file}`);
  }
  const module = await load(path);
  const given = isRecord(module["options"]) ? module["options"] : module;
  const known = names.filter((name) => given[name] !== undefined);
  if (known.length === 0) {
    throw usageError(
      `${file} exports none of ${names.join(", ")}`,
      "Write: export const actors = [Counter]",
    );
  }
  for (const name of ["actors", "replicas"] as const) {
    if (given[name] !== undefined && !Array.isArray(given[name])) {
      throw usageError(`${file}: "${name}" must be a list`);
    }
  }
  for (const name of ["apps", "settings"] as const) {
    if (given[name] !== undefined && !isRecord(given[name])) {
      throw usageError(`${file}: "${name}" must be an object`);
    }
  }
  return Object.fromEntries(known.map((name) => [name, given[name]])) as DevExports;
};
