/** A few Muster processes on the run's Redis, started together and ready for a row. */

import { type Program, startProgram } from "./program.ts";
import type { BenchContext } from "./row.ts";

export interface MusterCluster {
  readonly name: string;
  /** Owns no shard, so that all it asks crosses Redis. Absent where every node serves. */
  readonly caller: Program;
  readonly all: readonly Program[];
  end(): Promise<void>;
}

/**
 * Starts `servers` nodes that own the shards and one more that only calls; without `caller` the
 * first server is the one to call from.
 */
export const startMusterCluster = async (
  context: BenchContext,
  options: {
    readonly servers: number;
    readonly caller: boolean;
    readonly shardCount?: number;
    readonly settings?: object;
  },
): Promise<MusterCluster> => {
  const name = context.fresh("cluster");
  const { runtime, redisPort, profileDir } = context;
  const node = (nodeId: string): Promise<Program> =>
    startProgram("muster", {
      runtime,
      profileDir,
      config: {
        redisPort,
        cluster: name,
        nodeId,
        settings: options.settings,
        ...(options.shardCount !== undefined && { shardCount: options.shardCount }),
      },
    });
  const owners = Array.from({ length: options.servers }, (_, i) => `server-${i + 1}`);
  const servers = await Promise.all(owners.map(node));
  const caller = options.caller ? await node("caller") : servers[0];
  if (caller === undefined) throw new Error("A cluster needs a node to call from.");
  if (options.caller) await caller.call("drain", { id: "caller" });
  await caller.call("settled", { owners });
  const all = options.caller ? [caller, ...servers] : servers;
  return {
    name,
    caller,
    all,
    end: async () => {
      await Promise.all(all.map((program) => program.end()));
    },
  };
};

/** Fails a row whose work did not all happen: a figure without it would be worth nothing. */
export const demand = (what: string, found: number, wanted: number): void => {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
};
