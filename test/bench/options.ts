/** Command line of the bench. */
import { parseArgs } from "node:util";
import type { Runtime } from "../kit/built-program.ts";

export interface BenchOptions {
  readonly list: boolean;
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly smoke: boolean;
  readonly runtimes: readonly Runtime[];
  readonly rounds: number;
  /** Kills, stops and freezes of the rows that end owners. */
  readonly samples: number;
  readonly profile: string | undefined;
}

export const usage = `bun run bench [-- options]

  --list               print the ids of the rows
  --only ID,ID         run these rows
  --json FILE          write the results as JSON
  --smoke              run at a hundredth of the size; figures mean nothing
  --runtime bun,node   runtimes of the measured processes (default bun; node needs a build)
  --rounds N           interleaved rounds, at least 3 (default 3)
  --samples N          kills, stops and freezes (default 100, the fewest that have a 99th percentile)
  --profile FOLDER     write CPU profiles of our processes and print where the time went`;

const isRuntime = (text: string): text is Runtime => text === "bun" || text === "node";

/** Parses arguments. Throws with one sentence that says what is wrong. */
export const parseOptions = (args: readonly string[], ids: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      list: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "string" },
      smoke: { type: "boolean", default: false },
      runtime: { type: "string", default: "bun" },
      rounds: { type: "string" },
      samples: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) throw new Error(usage);
  const only = values.only?.split(",").filter(Boolean) ?? ids;
  const unknown = only.filter((id) => !ids.includes(id));
  if (unknown.length > 0)
    throw new Error(`No row ${unknown.join(", ")}; there are ${ids.join(", ")}.`);
  const runtimes = values.runtime.split(",");
  if (!runtimes.every(isRuntime))
    throw new Error(`--runtime takes bun, node or both, not ${values.runtime}.`);
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < (values.smoke ? 1 : 3)) {
    throw new Error(`--rounds must be a whole number of at least 3, not ${values.rounds}.`);
  }
  const samples = Number(values.samples ?? (values.smoke ? 1 : 100));
  if (!Number.isInteger(samples) || samples < 1) {
    throw new Error(`--samples must be a whole number of at least 1, not ${values.samples}.`);
  }
  return {
    list: values.list,
    only,
    json: values.json,
    smoke: values.smoke,
    runtimes,
    rounds,
    samples,
    profile: values.profile,
  };
};
