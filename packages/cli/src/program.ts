/** Builds the parser: every noun by name and summary, in full only those that are called. */
import { Command } from "commander";
import { type Cli, createCli } from "./cli.ts";
import { nouns } from "./commands/index.ts";
import type { ExitCode } from "./exit-codes.ts";
import { declareFlags, type Flags, readFlags, wantsJsonErrors } from "./flags.ts";
import type { Io } from "./io.ts";

const exitCodesHelp = `
Exit codes: 0 done, 1 failed, 2 usage, 3 not healthy, 4 not allowed, 5 not found,
6 conflict or limit, 7 cannot reach a node or it cannot reach Redis, 8 timed out,
9 declined, 130 interrupted.
`;

/** Makes the parser for these arguments; parsing it runs the command. */
export const createProgram = async (
  argv: readonly string[],
  io: Io,
  onExit: (code: ExitCode) => void,
): Promise<Command> => {
  const program = declareFlags(new Command("muster"))
    .description(
      "Keeps the apps of a multi-instance server in agreement, and shows who does not agree.",
    )
    .usage("[flags] <command> [verb]")
    .helpOption("-h, --help", "how a command is used")
    .helpCommand("help [command]", "how a command is used")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.out,
      writeErr: wantsJsonErrors(argv) ? () => {} : io.err,
      outputError: () => {},
    })
    .addHelpText("after", exitCodesHelp)
    .exitOverride();
  const begin = (): Cli => {
    const flags: Flags = readFlags(program.opts(), io);
    return createCli(io, flags, onExit);
  };
  for (const noun of nouns) {
    const command = program.command(noun.name).description(noun.summary);
    if (argv.includes(noun.name)) (await noun.load())(command, begin);
  }
  return program;
};
