/** The process `muster`: runs one command line and ends with its exit code. */
import { processIo } from "./process-io.ts";
import { run } from "./run.ts";

const exitCode = await run(process.argv.slice(2), processIo());
// What was written goes out first; then nothing that was left open may keep the process.
process.stdout.write("", () => process.exit(exitCode));
