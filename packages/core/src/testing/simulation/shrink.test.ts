import { expect, test } from "bun:test";
import { shrink } from "./shrink.ts";
import type { SimulationOptions, SimulationReport } from "./simulate.ts";

const faults = Array.from({ length: 40 }, (_, i) => `freeze:n${i % 5}@${i}+1`);

/** A run that breaks I2 when the faults given hold all of `culprits`. */
const runThatNeeds =
  (...culprits: readonly string[]) =>
  async (options: SimulationOptions): Promise<SimulationReport> => {
    const given = Array.isArray(options.faults) ? options.faults : faults;
    const isBroken = culprits.every((culprit) => given.includes(culprit));
    return {
      seed: options.seed,
      violations: isBroken ? [{ invariant: "I2", detail: "gone", at: 1 }] : [],
      traceHash: "",
      faults: given,
      events: [],
      counts: {},
    };
  };

const shrinkWith = async (run: (options: SimulationOptions) => Promise<SimulationReport>) => {
  const failed = await run({ seed: 1 });
  return shrink({ seed: 1 }, failed, { run });
};

test("only the faults that are needed together are left", async () => {
  const culprits = ["freeze:n3@3+1", "freeze:n2@17+1", "freeze:n1@36+1"];
  const { report, runs } = await shrinkWith(runThatNeeds(...culprits));
  expect(report.faults).toEqual(culprits);
  expect(report.violations).toHaveLength(1);
  expect(runs).toBeLessThanOrEqual(150);
});

test("a run that fails without any fault is left with none", async () => {
  const { report, runs } = await shrinkWith(runThatNeeds());
  expect(report.faults).toEqual([]);
  expect(runs).toBe(1);
});

test("a run that needs every fault keeps them, within the runs allowed", async () => {
  const run = runThatNeeds(...faults);
  const failed = await run({ seed: 1 });
  const { report, runs } = await shrink({ seed: 1 }, failed, { run, mostRuns: 20 });
  expect(report.faults).toEqual(faults);
  expect(runs).toBe(20);
});

test("a list that breaks another promise is not taken for the same failure", async () => {
  const needed = "freeze:n0@0+1";
  const run = async (options: SimulationOptions) => {
    const report = await runThatNeeds()(options);
    const invariant = report.faults.includes(needed) ? ("I2" as const) : ("I6" as const);
    return { ...report, violations: [{ invariant, detail: "gone", at: 1 }] };
  };
  const { report } = await shrinkWith(run);
  expect(report.faults).toEqual([needed]);
});
