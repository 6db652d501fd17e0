/** Composes the node that the settings describe and runs it. */
import type { ClusterSettings, MusterOptions } from "@muster/core";
import type { Cli } from "../cli.ts";
import type { AppsSettings, NodeSettings } from "./node-settings.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { runNode } from "./run-node.ts";

const appsOptions = async (apps: AppsSettings): Promise<MusterOptions["apps"] & {}> => {
  const { createModuleHost, createWorkerHost } = await import("@muster/core");
  const { dir, host, maxMemoryMb, hookTimeoutMs, slowRetryMs } = apps;
  return {
    host:
      host === "worker"
        ? createWorkerHost({ dir, ...(maxMemoryMb !== undefined && { maxMemoryMb }) })
        : createModuleHost({ dir }),
    ...(hookTimeoutMs !== undefined && { hookTimeoutMs }),
    ...(slowRetryMs !== undefined && { slowRetryMs }),
  };
};

const musterOptions = async (settings: NodeSettings): Promise<MusterOptions> => {
  const { redisBackend } = await import("@muster/redis-adapter");
  const { cluster, node, apps, redisUrl } = settings;
  return {
    cluster,
    node,
    backend: redisBackend(parseRedisAddress(redisUrl)),
    // Checked by createMuster, as everything from outside is.
    settings: settings.settings as Partial<ClusterSettings>,
    ...(apps !== undefined && { apps: await appsOptions(apps) }),
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
