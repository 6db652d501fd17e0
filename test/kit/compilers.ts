/** The TypeScript compilers that users of the packages may have: the oldest that is supported to the newest. */
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface Compiler {
  readonly version: string;
  readonly program: string;
}

/** The one that this repository is built with comes last. */
export const compilers: readonly Compiler[] = [
  { version: "5.9", program: join(root, "test/node_modules/typescript-5.9/bin/tsc") },
  { version: "6.0", program: join(root, "test/node_modules/typescript-6.0/bin/tsc") },
  { version: "7.0", program: join(root, "node_modules/typescript/bin/tsc") },
];

/** Lines that a compiler prints for the project in `folder`, each an error. */
export const compile = (folder: string, { program }: Compiler): readonly string[] => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    program,
    "--pretty",
    "false",
    "-p",
    folder,
  ]);
  const lines = stdout.toString().split("\n");
  const found = lines.filter((line) => /error TS\d+/.test(line));
  if (exitCode !== 0 && found.length === 0) throw new Error(`${program}: ${stderr}${stdout}`);
  return found;
};
