/** Finds a redis-server or valkey-server that is new enough. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../cli-error.ts";
import { type Environment, redisServerBinary } from "../environment.ts";

const oldest = 7;
const names = ["redis-server", "valkey-server"];
/** Where package managers put servers without touching PATH. */
const usual = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/homebrew/bin"];
const run = promisify(execFile);

const onPath = (name: string, path: string): readonly string[] =>
  [...path.split(delimiter), ...usual]
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .filter((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

const versionOf = async (file: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run(file, ["--version"], { timeout: 5_000 });
    return /v=(\d+\.\d+[\w.]*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
};

/** @throws CliError `REDIS_NOT_FOUND` naming what was met and what to install */
export const findRedisBinary = async (env: Environment): Promise<string> => {
  const chosen = redisServerBinary(env);
  const candidates =
    chosen === undefined ? names.flatMap((name) => onPath(name, env["PATH"] ?? "")) : [chosen];
  const unfit: string[] = [];
  for (const file of new Set(candidates)) {
    const version = await versionOf(file);
    if (version !== undefined && Number.parseInt(version, 10) >= oldest) return file;
    unfit.push(`${file} (${version ?? "does not start"})`);
  }
  const met = unfit.length > 0 ? `; found, but unfit: ${unfit.join(", ")}` : "";
  throw new CliError(
    "REDIS_NOT_FOUND",
    `the demo needs redis-server or valkey-server ${oldest}.0 or later on PATH${met}`,
    {
      hint: "Install one (apt install redis-server, dnf install valkey, brew install redis; no service has to run), or name a binary by MUSTER_REDIS_SERVER. Without Redis: muster dev",
    },
  );
};
