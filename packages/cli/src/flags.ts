/** Flags that every command takes: their help, and what they mean once parsed. */
import type { Command } from "commander";
import { usageError } from "./cli-error.ts";
import type { TargetFlags } from "./config/target.ts";
import { parseDuration } from "./duration.ts";
import { colorWish, type Environment } from "./environment.ts";
import type { Io } from "./io.ts";
import { type Format, formats, isFormat } from "./output/format.ts";

export interface Flags extends TargetFlags {
  readonly format: Format;
  readonly headers: boolean;
  readonly watch: boolean;
  /** Limit of one request in milliseconds; `undefined` where the command's own default holds. */
  readonly timeoutMs: number | undefined;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
  /** Every question counts as answered with yes. */
  readonly yes: boolean;
  readonly input: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** A flag whose value was forgotten takes the next flag for it: say so instead of believing it. */
const value =
  (flag: string) =>
  (text: string): string => {
    if (/^--?[a-z]/i.test(text)) {
      throw usageError(
        `${flag} has no value`,
        `Should "${text}" be its value, write ${flag}=${text}`,
      );
    }
    return text;
  };

/** Declares the flags on the program. */
export const declareFlags = (program: Command): Command =>
  program
    .option("--url <url>", "address of a node's HTTP API", value("--url"))
    .option("--token-file <file>", "file that holds the token", value("--token-file"))
    .option("--context <name>", "named address and token of the settings", value("--context"))
    .option("-o, --output <format>", formats.join("|"), value("--output"))
    .option("--json", "the same as -o json")
    .option("--no-headers", "no line with the names of the columns")
    .option("-w, --watch", "show again at each change, until interrupted")
    .option("--timeout <duration>", "limit of a request, such as 500ms or 60s", value("--timeout"))
    .option("--reason <text>", "why; kept with the change", value("--reason"))
    .option("--dry-run", "say what would be changed and change nothing")
    .option("-y, --yes", "take every question for answered with yes")
    .option("--no-input", "never ask")
    .option("-q, --quiet", "no messages but errors")
    .option("-v, --verbose", "show each request")
    .option("--no-color", "no colours");

const text = (opts: Record<string, unknown>, name: string): string | undefined => {
  const found = opts[name];
  return typeof found === "string" ? found : undefined;
};

const formatOf = (opts: Record<string, unknown>): Format => {
  const output = text(opts, "output");
  if (output !== undefined && !isFormat(output)) {
    throw usageError(`-o ${output} is not a format`, `Formats: ${formats.join(", ")}.`);
  }
  if (opts["json"] === true) {
    if (output === undefined || output === "json" || output === "jsonl") return output ?? "json";
    throw usageError(`--json and -o ${output} contradict each other`);
  }
  return output ?? "table";
};

/** Reads the flags that were parsed. @throws CliError `USAGE` */
export const readFlags = (opts: Record<string, unknown>, io: Io): Flags => {
  const timeout = text(opts, "timeout");
  return {
    url: text(opts, "url"),
    tokenFile: text(opts, "tokenFile"),
    context: text(opts, "context"),
    format: formatOf(opts),
    headers: opts["headers"] !== false,
    watch: opts["watch"] === true,
    timeoutMs: timeout === undefined ? undefined : parseDuration("--timeout", timeout),
    reason: text(opts, "reason"),
    dryRun: opts["dryRun"] === true,
    yes: opts["yes"] === true,
    input: opts["input"] !== false,
    quiet: opts["quiet"] === true,
    verbose: opts["verbose"] === true,
    color: wantsColor(opts["color"] !== false, io.outIsTerminal, io.env),
  };
};

const wantsColor = (allowed: boolean, isTerminal: boolean, env: Environment): boolean =>
  allowed && (colorWish(env) ?? isTerminal);

/** Whether errors are wanted as JSON, told from the arguments alone since parsing may fail. */
export const wantsJsonErrors = (argv: readonly string[]): boolean =>
  argv.some(
    (arg, at) =>
      arg === "--json" ||
      /^(?:-o|--output)=?jsonl?$/.test(arg) ||
      (/^jsonl?$/.test(arg) && (argv[at - 1] === "-o" || argv[at - 1] === "--output")),
  );
