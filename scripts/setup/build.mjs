/** Builds the packages that changed since their last build, in order of dependency. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { cache, packageNames, root, SetupError, say } from "./paths.mjs";
import { run } from "./run.mjs";

const tsc = join(root, "node_modules/.bin/tsc");
const stampOf = (name) => join(cache, `built-${name}`);
const folderOf = (name) => join(root, "packages", name);

const sourcesOf = (name) => {
  const folder = join(folderOf(name), "src");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((file) => join(folder, file))
    .filter((file) => !file.endsWith(".test.ts") && statSync(file).isFile())
    .sort();
};

/** Changes with the sources of a package and of those it builds on. */
const fingerprints = () => {
  const hash = createHash("sha256");
  for (const file of ["tsconfig.base.json", "tsconfig.build.json", "bun.lock"]) {
    hash.update(readFileSync(join(root, file)));
  }
  const written = packageNames.filter((name) => sourcesOf(name).length > 0);
  return written.map((name) => {
    const config = ["package.json", "tsconfig.build.json"].map((file) =>
      join(folderOf(name), file),
    );
    for (const file of [...config, ...sourcesOf(name)]) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`\n${relative(root, file)} ${size} ${mtimeMs}`);
    }
    return { name, print: hash.copy().digest("hex") };
  });
};

const isBuilt = ({ name, print }) =>
  existsSync(join(folderOf(name), "dist")) &&
  existsSync(stampOf(name)) &&
  readFileSync(stampOf(name), "utf8") === print;

/** Whether every package's dist is that of its sources. */
export const isBuildFresh = () => fingerprints().every(isBuilt);

/** Builds what is stale, or everything with `force`. */
export const buildPackages = async ({ force = false } = {}) => {
  mkdirSync(cache, { recursive: true });
  for (const { name, print } of fingerprints()) {
    if (!force && isBuilt({ name, print })) continue;
    say(`building @muster/${name}`);
    const folder = folderOf(name);
    rmSync(stampOf(name), { force: true });
    rmSync(join(folder, "dist"), { recursive: true, force: true });
    const { code, output } = await run(tsc, ["-p", join(folder, "tsconfig.build.json")]);
    if (code !== 0) throw new SetupError(`@muster/${name} does not build:\n${output.trim()}`);
    writeFileSync(stampOf(name), print);
  }
};
