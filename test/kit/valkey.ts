/** Valkey, on which part of the tests runs as well. It is optional: where it is missing, they say so. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Path of a valkey-server: the one named by `MUSTER_VALKEY_SERVER`, else the first on PATH.
 * @throws Error when one is named that is not there
 */
export const findValkey = (): string | undefined => {
  const named = process.env["MUSTER_VALKEY_SERVER"];
  if (named === undefined || named === "") {
    const folders = (process.env["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
    return folders.map((dir) => join(dir, "valkey-server")).find((path) => existsSync(path));
  }
  if (!existsSync(named)) throw new Error(`MUSTER_VALKEY_SERVER names ${named}: nothing is there.`);
  return named;
};
