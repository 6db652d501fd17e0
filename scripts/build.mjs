/** Builds all packages: `bun run build`, or with `--changed` those that changed. */

import { buildPackages } from "./setup/build.mjs";
import { withLock } from "./setup/lock.mjs";
import { runMain } from "./setup.mjs";

await runMain(async () => {
  await withLock(() => buildPackages({ force: !process.argv.includes("--changed") }));
  return 0;
});
