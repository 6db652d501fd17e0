/** The node of `muster dev`, in this process: in memory, on loopback. */
import { resolve } from "node:path";
import { createModuleHost, type MusterOptions } from "@muster/core";
import type { Cli } from "../cli.ts";
import { runNode } from "../serve/run-node.ts";
import { loadDevModule } from "./dev-module.ts";

export interface DevOptions {
  readonly file: string | undefined;
  /** Folder of app packages. */
  readonly apps: string | undefined;
  readonly port: number;
}

/** Runs the node until it is told to end. @throws CliError */
export const runDevNode = async (
  cli: Cli,
  { file, apps, port }: DevOptions,
  supervised: boolean,
): Promise<void> => {
  const given = file === undefined ? {} : await loadDevModule(file, cli.io.cwd);
  const muster: MusterOptions = {
    cluster: "dev",
    node: { id: "dev-1" },
    ...given,
    ...(apps !== undefined && {
      apps: { host: createModuleHost({ dir: resolve(cli.io.cwd, apps) }) },
    }),
  };
  await runNode(cli, {
    muster,
    host: "127.0.0.1",
    port,
    auth: { kind: "none" },
    redisUrl: null,
    supervised,
  });
};
