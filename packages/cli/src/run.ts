/** Runs one command line and answers its exit code. Nothing it does throws or ends the process. */
import { CommanderError } from "commander";
import { type CliError, hasCode, usageError } from "./cli-error.ts";
import { nouns } from "./commands/index.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { wantsJsonErrors } from "./flags.ts";
import type { Io } from "./io.ts";
import { printError } from "./output/print-error.ts";
import { placeVerb } from "./place-verb.ts";
import { createProgram } from "./program.ts";

/** The parser's complaint as ours; `undefined` when it has only shown its help. */
const parserError = (error: CommanderError, argv: readonly string[]): CliError | undefined => {
  if (error.exitCode === 0) return undefined;
  const command = nouns.find(({ name }) => argv.includes(name))?.name;
  const hint = `See: muster ${command === undefined ? "" : `${command} `}--help`;
  // "commander.help": a noun that needs a verb was called without one, and its help was shown.
  if (error.code === "commander.help")
    return usageError(`muster ${command ?? ""} needs a verb`, hint);
  return usageError(error.message.replace(/^error: /, "").replace(/\n/g, " "), hint);
};

/** Runs `muster` with these arguments. */
export const run = async (args: readonly string[], io: Io): Promise<ExitCode> => {
  const asked = args.length === 0 ? ["--help"] : args;
  const argv =
    asked[0] === "--version" || asked[0] === "-V" ? ["version", ...asked.slice(1)] : asked;
  let exitCode: ExitCode = exitCodes.done;
  try {
    const program = await createProgram(argv, io, (code) => {
      exitCode = code;
    });
    await program.parseAsync(placeVerb(argv, nouns, program.options), { from: "user" });
    return exitCode;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? parserError(thrown, argv) : thrown;
    if (error === undefined) return exitCodes.done;
    const asJson = wantsJsonErrors(argv);
    const code = hasCode(error) ? exitCodeOf(error) : exitCodes.failed;
    if (code !== exitCodes.interrupted || asJson) printError(io, error, asJson);
    if (!hasCode(error) && argv.includes("-v") && error instanceof Error)
      io.err(`${error.stack}\n`);
    return code;
  }
};
