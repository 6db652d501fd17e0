/**
 * `npm test`: sets up, runs every stage one after another and ends with `N passed, N failed`.
 * `npm test -- --only unit,lint` runs those stages; `--list` names them all; what follows a second
 * `--` goes to bun test.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, SetupError } from "./setup/paths.mjs";
import { run } from "./setup/run.mjs";
import { runMain, setUp } from "./setup.mjs";
import { bunTest } from "./stages/bun-test.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);

/** Passes when the program ends with 0. */
const program = (name, ...args) => ({
  name,
  run: async ({ env }) => {
    const { code } = await run(args[0], args.slice(1), { show: true, env });
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
});

/** Passes when the check finds nothing. Its module is loaded late, after set-up. */
const check = (name, load) => ({
  name,
  run: async () => {
    const found = await (await load())();
    for (const line of found) process.stderr.write(`${line}\n`);
    return found.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
});

/** The tests under one folder, each with its own time-out. */
const tests = (name, folder, timeoutMs = 60_000) => ({
  name,
  run: ({ env, args }) => bunTest({ folder, timeoutMs, env, args }),
});

/** Counts by the last line of the models' checks, or says why none of them ran. */
const models = {
  name: "models",
  run: async ({ env }) => {
    const command = ["test/model/model.ts", "--quick", "--if-available"];
    const { output } = await run(bin("bun"), command, { env });
    process.stderr.write(output);
    const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
    if (passed !== undefined) return { passed: Number(passed), failed: Number(failed) };
    const skipped = /^skipped: .*$/m.exec(output)?.[0];
    return {
      passed: 0,
      failed: skipped ? 0 : 1,
      notes: [skipped ?? "the models were not checked"],
    };
  },
};

const holdsTests = (folder) =>
  existsSync(join(root, folder)) &&
  readdirSync(join(root, folder), { recursive: true }).some(
    (file) => /\.test\.tsx?$/.test(file) && !file.includes("node_modules"),
  );

/** Folders of test/ that need no stage of their own below. */
const otherFolders = () => {
  const named = new Set(["cluster", "simulation", "node_modules"]);
  return readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !named.has(entry.name))
    .map((entry) => entry.name)
    .sort();
};

const folderStages = () =>
  [
    tests("unit", "packages", 10_000),
    tests("examples", "examples"),
    ...otherFolders().map((name) => tests(name, `test/${name}`)),
    tests("simulation", "test/simulation", 180_000),
    tests("cluster", "test/cluster", 120_000),
  ].filter(({ name }) =>
    holdsTests({ unit: "packages", examples: "examples" }[name] ?? `test/${name}`),
  );

/** In order; a stage is a name and a run that answers its counts. Add new ones here. */
const stages = [
  check("guard", async () => (await import("./stages/guard.mjs")).guard),
  program("lint", bin("biome"), "check", "--error-on-warnings", "."),
  program("types", bin("tsc"), "-p", "tsconfig.json"),
  // The page sees a browser's globals, which the rest must not.
  program("page-types", bin("tsc"), "-p", "packages/http/page"),
  program("knip", bin("knip")),
  program("build", process.execPath, "scripts/build.mjs", "--changed"),
  check("pack", async () => (await import("./stages/pack.mjs")).pack),
  ...folderStages(),
  models,
  program("bench-smoke", bin("bun"), "test/bench/main.ts", "--smoke"),
];

const select = (only) => {
  const wanted = only.flatMap((names) => names.split(",")).filter((name) => name !== "");
  const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const names = stages.map(({ name }) => name).join(", ");
    throw new SetupError(`There is no stage "${unknown.join('", "')}". Stages: ${names}.`);
  }
  return wanted.length === 0 ? stages : stages.filter(({ name }) => wanted.includes(name));
};

const runStage = async (stage, context) => {
  process.stderr.write(`\n── ${stage.name}\n`);
  const startedAt = performance.now();
  try {
    return await stage.run(context);
  } catch (error) {
    return { passed: 0, failed: 1, notes: [error.message] };
  } finally {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stderr.write(`── ${stage.name} took ${seconds} s\n`);
  }
};

const summarise = (results) => {
  process.stderr.write("\n");
  for (const { name, passed, failed, notes = [] } of results) {
    const remarks = notes.length > 0 ? `  (${notes.join("; ")})` : "";
    process.stderr.write(
      `${failed > 0 ? "✗" : "✓"} ${name}: ${passed} passed, ${failed} failed${remarks}\n`,
    );
  }
};

const total = (results, key) => results.reduce((sum, result) => sum + result[key], 0);

await runMain(async () => {
  const { values, positionals } = parseArgs({
    options: { only: { type: "string", multiple: true, default: [] }, list: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.list) {
    process.stdout.write(`${stages.map(({ name }) => name).join("\n")}\n`);
    return 0;
  }
  const chosen = select(values.only);
  const results = [];
  try {
    const env = await setUp({ build: false });
    for (const stage of chosen) {
      results.push({ name: stage.name, ...(await runStage(stage, { env, args: positionals })) });
    }
  } catch (error) {
    const message = error instanceof SetupError ? error.message : error.stack;
    results.push({ name: "setup", passed: 0, failed: 1, notes: [message] });
  }
  summarise(results);
  const failed = total(results, "failed");
  process.stdout.write(`${total(results, "passed")} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
});
