/** Where the repository and the marks of its set-up are. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const cache = join(root, "node_modules/.cache/muster");
export const bunPath = join(root, "node_modules/.bin/bun");

/** In build order: each may use those before it. */
export const packageNames = ["core", "redis-adapter", "http", "cli"];

/** Says one line of progress; stdout stays free for data. */
export const say = (line) => process.stderr.write(`muster: ${line}\n`);

/** A trouble whose message is all that the reader needs: no stack is printed for it. */
export class SetupError extends Error {}

const usual = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/homebrew/bin"];

/** The full path of a program on PATH, or in `also` folders; `undefined` when there is none. */
export const findProgram = (name, also = []) => {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...also]) {
    if (folder === "") continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return undefined;
};

/** As {@link findProgram}, also where package managers put programs without touching PATH. */
export const findInstalled = (name) => findProgram(name, usual);
