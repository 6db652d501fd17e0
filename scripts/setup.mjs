/**
 * Makes a checkout ready: Bun and the dependencies, a Redis binary, the built packages. Needs
 * nothing but Node 20 and npm, and is over in a moment when all is there.
 */
import { pathToFileURL } from "node:url";
import { buildPackages, isBuildFresh } from "./setup/build.mjs";
import { hasDependencies, installDependencies } from "./setup/dependencies.mjs";
import { withLock } from "./setup/lock.mjs";
import { SetupError, say } from "./setup/paths.mjs";
import { ensureRedis, findRedis } from "./setup/redis.mjs";

const requireNode = () => {
  if (Number.parseInt(process.versions.node, 10) < 20) {
    throw new SetupError(`Node ${process.versions.node} is too old: Muster needs 20 or later.`);
  }
};

/** Sets up what is missing. @returns the environment for programs that start a private Redis */
export const setUp = async ({ build = true } = {}) => {
  requireNode();
  let redis = (await findRedis()).path;
  const isReady = () => redis !== undefined && hasDependencies() && (!build || isBuildFresh());
  if (!isReady()) {
    await withLock(async () => {
      await installDependencies();
      redis = await ensureRedis();
      if (build) await buildPackages();
    });
    say("ready");
  }
  return { MUSTER_REDIS_SERVER: redis };
};

/** Runs `main` and turns what it throws into a message and exit code 1. */
export const runMain = async (main) => {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.stderr.write(`muster: ${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    await setUp();
    return 0;
  });
}
