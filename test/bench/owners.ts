/** Two nodes that own shards and one that watches them, for rows in which an owner ends or freezes. */
import { defaultSettings } from "@muster/core";
import { type Program, startProgram } from "./program.ts";
import type { BenchContext } from "./row.ts";

export interface Owners {
  /** Asks, and tells when the actors of another node are back. */
  readonly watcher: Program;
  /** The two others; a program started in place of one is put here. */
  readonly running: [Program, Program];
  start(nodeId: string): Promise<Program>;
  /** Waits until all three own shards; answers the actors whose turns run in the process. */
  actorsOf(program: Program): Promise<readonly string[]>;
  end(): Promise<void>;
}

export const probes = Array.from({ length: 120 }, (_, i) => `probe-${i}`);
const owners = ["watcher", "owner-1", "owner-2"] as const;

/** Starts the three; `portOf` leads a node to Redis another way. */
export const startOwners = async (
  context: BenchContext,
  portOf: (nodeId: string) => number = () => context.redisPort,
): Promise<Owners> => {
  const cluster = context.fresh("owners");
  const { runtime, profileDir } = context;
  const start = (nodeId: string): Promise<Program> =>
    startProgram("muster", {
      runtime,
      profileDir,
      config: { redisPort: portOf(nodeId), cluster, nodeId },
    });
  const [watcher, first, second] = await Promise.all([
    start("watcher"),
    start("owner-1"),
    start("owner-2"),
  ]);
  const running: [Program, Program] = [first, second];
  // A node judges nobody by a missing subscription for one lease after it has connected itself.
  await new Promise((resolve) => setTimeout(resolve, 2 * defaultSettings.leaseMs));
  return {
    watcher,
    running,
    start,
    actorsOf: async ({ pid }) => {
      await watcher.call("settled", { owners });
      const found = await watcher.call<readonly string[]>("livingIn", { ids: probes, pid });
      if (found.length === 0)
        throw new Error("The node to be ended runs none of the actors asked.");
      return found;
    },
    end: async () => {
      await Promise.all([watcher, ...running].map((program) => program.end()));
    },
  };
};
