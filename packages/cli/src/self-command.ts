/** How this very program is started again as a child process, on the same runtime. */
import { fileURLToPath } from "node:url";

// Sources end in .ts, the built package in .js.
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The command line of `muster` with these arguments. */
export const selfCommand = (...args: readonly string[]): SelfCommand => ({
  program: process.execPath,
  args: [fileURLToPath(new URL(`./main${extension}`, import.meta.url)), ...args],
});
