/** What a command is given: flags, the node to ask, and ways to show, say and ask. */

import { CliError, usageError } from "./cli-error.ts";
import { type Client, createClient } from "./client/client.ts";
import { clientEnvironment } from "./environment.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Flags } from "./flags.ts";
import type { Io } from "./io.ts";
import { isJson, render, type Shown } from "./output/format.ts";
import { createPaint, type Paint } from "./output/style.ts";

const defaultTimeoutMs = 15_000;
const maxReasonChars = 500;

export interface Cli {
  readonly io: Io;
  readonly flags: Flags;
  /** Colours of stdout. */
  readonly paint: Paint;
  /** Output is read by a program. */
  readonly asJson: boolean;
  /** Finds the node to ask; requests may take `atLeastMs`. @throws CliError `USAGE` */
  client(limits?: { readonly atLeastMs?: number }): Promise<Client>;
  show(shown: Shown): Promise<void>;
  /** Tells people something on stderr; not with `-q`. */
  say(message: string): void;
  /** Takes the reason from the flag or from the terminal. @throws CliError `USAGE`, `DECLINED` */
  reason(change: string): Promise<string>;
  /**
   * Makes sure that something which cannot be taken back is meant: by `--yes`, or at the terminal.
   * @throws CliError `USAGE`, `DECLINED`
   */
  confirm(what: string): Promise<void>;
  /** Ends with this code, without an error. */
  exitWith(code: ExitCode): void;
}

const checkReason = (reason: string): string => {
  if (reason.trim() !== "" && reason.length <= maxReasonChars) return reason;
  throw usageError(`--reason must be 1 to ${maxReasonChars} characters long`);
};

/** Makes what commands are given. `onExit` hears of an exit code that is no error. */
export const createCli = (io: Io, flags: Flags, onExit: (code: ExitCode) => void): Cli => {
  const paint = createPaint(flags.color);
  const say = (message: string): void => {
    if (!flags.quiet) io.err(`muster: ${message}\n`);
  };
  return {
    io,
    flags,
    paint,
    asJson: isJson(flags.format),
    client: async ({ atLeastMs = 0 } = {}) => {
      const [{ readProjectSettings, readUserSettings }, { resolveTarget }] = await Promise.all([
        import("./config/client-settings.ts"),
        import("./config/target.ts"),
      ]);
      const target = await resolveTarget({
        flags,
        env: clientEnvironment(io.env),
        project: await readProjectSettings(io.cwd),
        user: await readUserSettings(io.env),
        cwd: io.cwd,
      });
      return createClient({
        target,
        timeoutMs: Math.max(flags.timeoutMs ?? defaultTimeoutMs, atLeastMs),
        interrupt: io.interrupt,
        ...(flags.verbose && { trace: say }),
      });
    },
    show: async (shown) => {
      const { format, headers } = flags;
      io.out(await render(shown, { format, headers, paint }));
    },
    say,
    reason: async (change) => {
      if (flags.reason !== undefined) return checkReason(flags.reason);
      if (!flags.input || !io.canAsk) {
        throw usageError(`${change} needs a reason`, 'Say why: --reason "…"');
      }
      const answer = await io.ask(`Why ${change}? `);
      if (answer === undefined || answer.trim() === "") {
        throw new CliError("DECLINED", "no reason was given; nothing was changed");
      }
      return checkReason(answer);
    },
    confirm: async (what) => {
      if (flags.yes) return;
      if (!flags.input || !io.canAsk) {
        throw usageError(`${what} cannot be taken back`, "Say that you mean it: --yes");
      }
      const answer = (await io.ask(`${what}? It cannot be taken back. [y/N] `)) ?? "";
      if (!/^y(es)?$/i.test(answer.trim())) {
        throw new CliError("DECLINED", "declined; nothing was changed");
      }
    },
    exitWith: onExit,
  };
};
