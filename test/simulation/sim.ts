/**
 * Runs simulations from the command line. Ends with `N seeds, V violations` and exits 1 when there
 * were any; the first seed that fails is run again with fewer and fewer faults, until few are left.
 */
import { parseArgs } from "node:util";
import {
  describeReport,
  type FeatureName,
  featureNames,
  type PlantedBug,
  plantedBugs,
  type SimulationOptions,
  type SimulationReport,
  shrink,
  simulate,
} from "@muster/core/testing";

const usage = `usage: bun run sim -- [--from SEED] [--seeds N] [--nodes N] [--only FEATURE,…]
         [--faults FAULT,… | none] [--planted NAME] [--shrink RUNS] [--log]
  --from     first seed (1)                  --seeds   how many (200)
  --only     ${featureNames.join(", ")}
  --faults   exactly these, as a failure prints them
  --planted  ${plantedBugs.join(", ")}
  --shrink   runs spent on a smaller list of faults (150); 0: none
  --log      what the nodes log, for one seed`;

const fail = (message: string): never => {
  console.error(`${message}\n${usage}`);
  process.exit(2);
};

const whole = (name: string, text: string): number => {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : fail(`--${name} takes a whole number`);
};

const oneOf = <T extends string>(name: string, known: readonly T[], text: string): T =>
  known.find((each) => each === text) ?? fail(`--${name} knows ${known.join(", ")}, not ${text}`);

const list = (text: string): readonly string[] =>
  text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        from: { type: "string", default: "1" },
        seeds: { type: "string", default: "200" },
        nodes: { type: "string" },
        only: { type: "string" },
        faults: { type: "string" },
        planted: { type: "string" },
        shrink: { type: "string", default: "150" },
        log: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const values = readArguments();
const from = whole("from", values.from);
const seeds = whole("seeds", values.seeds);
const mostRuns = whole("shrink", values.shrink);
const nodes = values.nodes === undefined ? undefined : whole("nodes", values.nodes);
const planted =
  values.planted === undefined
    ? undefined
    : oneOf<PlantedBug>("planted", plantedBugs, values.planted);
const only =
  values.only === undefined
    ? undefined
    : list(values.only).map((name) => oneOf<FeatureName>("only", featureNames, name));

const optionsFor = (seed: number): SimulationOptions => ({
  seed,
  ...(nodes !== undefined && { nodes }),
  ...(planted && { planted }),
  ...(only && { features: only }),
  ...(values.faults !== undefined && {
    faults: values.faults === "none" ? "none" : list(values.faults),
  }),
  ...(values.log && seeds === 1 && { log: (line: string) => console.log(line) }),
});

/** The one line that runs it again. */
const replay = (seed: number, faults?: readonly string[]): string => {
  const parts = [`bun run sim -- --from ${seed} --seeds 1`];
  if (nodes !== undefined) parts.push(`--nodes ${nodes}`);
  if (only) parts.push(`--only ${only.join(",")}`);
  if (planted) parts.push(`--planted ${planted}`);
  if (faults) parts.push(`--faults ${faults.length === 0 ? "none" : faults.join(",")}`);
  else if (values.faults !== undefined) parts.push(`--faults ${values.faults}`);
  return parts.join(" ");
};

const print = (lines: readonly string[]): void => {
  for (const line of lines) console.log(line);
};

const showSmaller = async (report: SimulationReport): Promise<void> => {
  const { log: _, ...options } = optionsFor(report.seed);
  const smaller = await shrink(options, report, { mostRuns });
  const { faults } = smaller.report;
  console.log(
    `  ${faults.length} of ${report.faults.length} faults fail alike (${smaller.runs} runs):`,
  );
  print(describeReport(smaller.report, { events: true }).slice(1));
  console.log(`  replay: ${replay(report.seed, faults)}`);
};

let broken = 0;
let isShown = mostRuns === 0;
for (let seed = from; seed < from + seeds; seed++) {
  const report = await simulate(optionsFor(seed));
  broken += report.violations.length;
  const hasFailed = report.violations.length > 0;
  if (!hasFailed && seeds > 1) continue;
  print(describeReport(report, { events: seeds === 1 }));
  if (!hasFailed) continue;
  console.log(`  replay: ${replay(seed)}`);
  if (!isShown && report.faults.length > 0) await showSmaller(report);
  isShown = true;
}
console.log(`${seeds} seeds, ${broken} violations`);
process.exitCode = broken > 0 ? 1 : 0;
