/** Bun and the packages of the lockfile, in node_modules. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunPath, cache, findProgram, root, SetupError, say } from "./paths.mjs";
import { run } from "./run.mjs";

const stamp = join(cache, "installed");

const pinnedBun = () =>
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.bun;

const manifests = () => {
  const folders = ["", "test", "test/bench"];
  for (const group of ["packages", "examples"]) {
    if (!existsSync(join(root, group))) continue;
    for (const name of readdirSync(join(root, group)).sort()) folders.push(`${group}/${name}`);
  }
  return folders
    .map((folder) => join(root, folder, "package.json"))
    .filter((file) => existsSync(file));
};

/** Changes with everything that decides what an install makes. */
const fingerprint = () => {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of [join(root, "bun.lock"), join(root, "bunfig.toml"), ...manifests()]) {
    hash.update(`\n${file}\n`).update(readFileSync(file));
  }
  return hash.digest("hex");
};

const isInstalled = (print) =>
  existsSync(bunPath) && existsSync(stamp) && readFileSync(stamp, "utf8") === print;

const isBun = async (program, version) =>
  (await run(program, ["--version"])).output.trim() === version;

/** The pinned Bun: ours, the one on PATH, or fetched from npm. */
const findBun = async (version) => {
  if (existsSync(bunPath) && (await isBun(bunPath, version))) return [bunPath];
  const onPath = findProgram("bun");
  if (onPath && (await isBun(onPath, version))) return [onPath];
  if (!findProgram("npx"))
    throw new SetupError("npx is missing: install npm, which comes with Node.");
  say(`fetching bun ${version} from npm`);
  return ["npx", "--yes", `bun@${version}`];
};

/** Whether nothing has to be installed. */
export const hasDependencies = () => isInstalled(fingerprint());

/** Installs what the lockfile names. */
export const installDependencies = async () => {
  const print = fingerprint();
  if (isInstalled(print)) return;
  const version = pinnedBun();
  const [program, ...before] = await findBun(version);
  say("installing the dependencies of bun.lock");
  const install = [...before, "install", "--frozen-lockfile"];
  const { code, output } = await run(program, install);
  if (code !== 0) {
    throw new SetupError(
      `"bun install --frozen-lockfile" failed (${code}):\n${output.trim()}\n` +
        "When a package.json was changed on purpose, run: node_modules/.bin/bun install",
    );
  }
  if (!(await isBun(bunPath, version))) {
    throw new SetupError(`bun ${version} was installed, but node_modules/.bin/bun does not run.`);
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp, print);
};
