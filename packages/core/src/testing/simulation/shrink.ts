/**
 * Makes the list of faults of a failing run smaller: runs it again with some of them left out, and
 * keeps what fails alike (delta debugging). What remains is a cause that can be read.
 */
import { type SimulationOptions, type SimulationReport, simulate } from "./simulate.ts";

export interface ShrinkOptions<R extends SimulationReport = SimulationReport> {
  /** Runs that may be spent. @defaultValue 150 */
  readonly mostRuns?: number;
  /** Runs the simulation with other faults. @defaultValue {@link simulate} */
  run?(options: SimulationOptions): Promise<R>;
}

export interface Shrunk {
  /** The run with the fewest faults that still fails. */
  readonly report: SimulationReport;
  /** Runs that were spent. */
  readonly runs: number;
}

const kindOf = (fault: string): string => fault.slice(0, fault.indexOf(":"));

/**
 * Finds few faults that break the promise which `failed`, a report of a run with `options`, has broken
 * first.
 * Answers `failed` itself when it cannot be made smaller.
 */
export const shrink = async (
  options: SimulationOptions,
  failed: SimulationReport,
  { mostRuns = 150, run = simulate }: ShrinkOptions = {},
): Promise<Shrunk> => {
  const wanted = failed.violations[0]?.invariant;
  let best = failed;
  let faults = failed.faults;
  let runs = 0;

  /** Takes a smaller list when the run fails with it as well. */
  const fails = async (fewer: readonly string[]): Promise<boolean> => {
    if (runs >= mostRuns || fewer.length >= faults.length) return false;
    runs += 1;
    const report = await run({ ...options, faults: fewer });
    if (!report.violations.some(({ invariant }) => invariant === wanted)) return false;
    best = report;
    // Faults that could not happen without the others are left out as well.
    faults = report.faults.length < fewer.length ? report.faults : fewer;
    return true;
  };

  await fails([]);
  for (const kind of new Set(faults.map(kindOf))) {
    await fails(faults.filter((fault) => kindOf(fault) !== kind));
  }
  for (let parts = 2; faults.length > 0 && runs < mostRuns; ) {
    const size = Math.ceil(faults.length / parts);
    let removed = false;
    for (let at = 0; at < faults.length; ) {
      if (await fails([...faults.slice(0, at), ...faults.slice(at + size)])) removed = true;
      else at += size;
      if (runs >= mostRuns) break;
    }
    if (size <= 1 && !removed) break;
    parts = removed ? Math.max(2, parts) : Math.min(parts * 2, faults.length);
  }
  return { report: best, runs };
};
