/** `npm run demo -- [options]`: sets up, then plays the demo in the foreground. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { bunPath, root } from "./setup/paths.mjs";
import { runMain, setUp } from "./setup.mjs";

const play = (env) =>
  new Promise((resolve, reject) => {
    const main = join(root, "packages/cli/src/main.ts");
    const child = spawn(bunPath, [main, "demo", ...process.argv.slice(2)], {
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    // A terminal sends Ctrl-C to the child as well, and twice would mean impatience.
    process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
    for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });

await runMain(async () => play(await setUp()));
