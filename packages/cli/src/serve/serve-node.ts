/** Composes the node that the settings describe and runs it. */
import type { ClusterSettings, MusterOptions } from "@muster/core";
import type { Cli } from "../cli.ts";
import type { NodeSettings } from "./node-settings.ts";
import { runNode } from "./run-node.ts";

const musterOptions = async (settings: NodeSettings): Promise<MusterOptions> => {
  const [{ createModuleHost }, { redisBackend }] = await Promise.all([
    import("@muster/core"),
    import("@muster/redis-adapter"),
  ]);
  const { cluster, node, apps, redisUrl } = settings;
  return {
    cluster,
    node,
    backend: redisBackend({ url: redisUrl }),
    // Checked by createMuster, as everything from outside is.
    settings: settings.settings as Partial<ClusterSettings>,
    ...(apps !== undefined && {
      apps: {
        host: createModuleHost({ dir: apps.dir }),
        ...(apps.hookTimeoutMs !== undefined && { hookTimeoutMs: apps.hookTimeoutMs }),
        ...(apps.slowRetryMs !== undefined && { slowRetryMs: apps.slowRetryMs }),
      },
    }),
  };
};

/** Runs the node until it is told to end; with `--dry-run` only checks the settings. */
export const serveNodeOf = async (
  cli: Cli,
  settings: NodeSettings,
  supervised: boolean,
): Promise<void> => {
  const muster = await musterOptions(settings);
  if (cli.flags.dryRun) {
    const { createMuster } = await import("@muster/core");
    createMuster(muster);
    cli.say("dry run: the settings are valid");
    return;
  }
  const { host, port, auth, redisUrl } = settings;
  await runNode(cli, { muster, host, port, auth, redisUrl, supervised });
};
