/**
 * Runs simulations from the command line:
 * `bun run sim -- [--from SEED] [--seeds N] [--planted NAME]`. Ends with `N seeds, V violations`
 * and exits 1 when there were any.
 */
import { parseArgs } from "node:util";
import { type PlantedBug, plantedBugs, simulate } from "@muster/core/testing";

const usage = "usage: bun run sim -- [--from SEED] [--seeds N] [--planted NAME]";

const fail = (message: string): never => {
  console.error(`${message}\n${usage}`);
  process.exit(2);
};

const whole = (name: string, text: string): number => {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : fail(`--${name} takes a whole number`);
};

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        from: { type: "string", default: "1" },
        seeds: { type: "string", default: "200" },
        planted: { type: "string" },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const values = readArguments();
const from = whole("from", values.from);
const seeds = whole("seeds", values.seeds);
const planted = plantedBugs.find((bug) => bug === values.planted) as PlantedBug | undefined;
if (values.planted !== undefined && !planted) {
  fail(`--planted knows ${plantedBugs.join(", ")}, not ${values.planted}`);
}

let broken = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const report = await simulate({ seed, ...(planted && { planted }) });
  broken += report.violations.length;
  if (report.violations.length === 0 && seeds > 1) continue;
  console.log(`seed ${seed}  trace ${report.traceHash}  ${JSON.stringify(report.counts)}`);
  for (const { invariant, detail } of report.violations) console.log(`  ${invariant}  ${detail}`);
  if (seeds === 1) for (const fault of report.faults) console.log(`  at ${fault}`);
  else {
    const bug = planted ? ` --planted ${planted}` : "";
    console.log(`  replay: bun run sim -- --from ${seed} --seeds 1${bug}`);
  }
}
console.log(`${seeds} seeds, ${broken} violations`);
process.exitCode = broken > 0 ? 1 : 0;
