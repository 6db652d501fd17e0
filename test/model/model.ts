/** `bun run model`: checks the models of the protocol; ends with `N passed, N failed`. */
import { parseArgs } from "node:util";
import { type Check, checks, nameOf } from "./checks.ts";
import { runCheck, traceOf } from "./spin.ts";

const usage = `bun run model [-- options]

  --quick          only the checks that are done in seconds
  --only WORDS     only checks whose line holds these words, such as "fails paths"
  --list           print the checks
  --trace WORDS    print the shortest way into the violated assertion of the first such check
  --jobs N         checks at once (default 2); each takes up to 3.5 GB
  --if-available   where Spin or gcc is missing, say so and end well`;

const install =
  "Spin and gcc are needed: `apt-get install -y spin gcc` on Debian and Ubuntu, `brew install spin` on macOS.";

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        list: { type: "boolean", default: false },
        trace: { type: "string" },
        jobs: { type: "string", default: "2" },
        "if-available": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
};

const lineOf = (check: Check): string => `${check.expect} ${nameOf(check)}`;

const chosen = (words: string, quick: boolean): readonly Check[] =>
  checks.filter(
    (check) =>
      (!quick || check.quick) && words.split(" ").every((word) => lineOf(check).includes(word)),
  );

const report = async (check: Check): Promise<boolean> => {
  const { ok, states, seconds, why } = await runCheck(check);
  const figures = `${states} states, ${seconds.toFixed(1)} s`;
  console.log(`${ok ? "ok    " : "FAILED"} ${lineOf(check)}  ${figures}${why ? `: ${why}` : ""}`);
  return ok;
};

const runAll = async (all: readonly Check[], jobs: number): Promise<number> => {
  const waiting = [...all];
  let failed = 0;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (!(await report(next))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return failed;
};

const main = async (): Promise<number> => {
  const values = readArguments();
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) {
    console.error(`--jobs takes a whole number from 1, not ${values.jobs}.\n${usage}`);
    return 2;
  }
  const all = chosen(values.trace ?? values.only, values.quick);
  const [one] = all;
  if (!one) {
    console.error(`No check holds "${values.trace ?? values.only}"; --list prints them all.`);
    return 2;
  }
  if (values.list) {
    for (const check of all) console.log(lineOf(check));
    return 0;
  }
  if (!Bun.which("spin") || !Bun.which("gcc")) {
    if (values["if-available"]) console.log(`skipped: ${install}`);
    else console.error(install);
    return values["if-available"] ? 0 : 2;
  }
  if (values.trace !== undefined) {
    console.log(`${lineOf(one)}\n${await traceOf(one)}`);
    return 0;
  }
  const failed = await runAll(all, jobs);
  console.log(`${all.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
};

process.exitCode = await main();
