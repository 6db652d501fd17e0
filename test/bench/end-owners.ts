/** Ends owners one after the other and lets a survivor tell when their actors are back. */
import { defaultSettings } from "@muster/core";
import { type Program, startProgram } from "./program.ts";
import type { BenchContext } from "./row.ts";

export interface OwnerEnd {
  /** Milliseconds from the signal to the first answer of each actor by another process. */
  readonly moved: readonly number[];
  /** The slowest single ask meanwhile. */
  readonly slowest: number;
}

const ids = Array.from({ length: 120 }, (_, i) => `probe-${i}`);

/** Runs three nodes and ends one of two of them `times` times, starting it anew each time. */
export const endOwners = async (
  context: BenchContext,
  signal: "SIGKILL" | "SIGTERM",
  times: number,
): Promise<readonly OwnerEnd[]> => {
  const cluster = context.fresh("owners");
  const { runtime, redisPort, profileDir } = context;
  const node = (nodeId: string): Promise<Program> =>
    startProgram("muster", { runtime, profileDir, config: { redisPort, cluster, nodeId } });
  const owners = ["watcher", "owner-1", "owner-2"];
  const [watcher, ...others] = await Promise.all(owners.map(node));
  const [first, second] = others;
  if (watcher === undefined || first === undefined || second === undefined) {
    throw new Error("Three nodes were to be started.");
  }
  const running: [Program, Program] = [first, second];
  const ends: OwnerEnd[] = [];
  // A node judges nobody by a missing subscription for one lease after it has connected itself.
  await new Promise((resolve) => setTimeout(resolve, 2 * defaultSettings.leaseMs));
  for (let n = 0; n < times; n++) {
    await watcher.call("settled", { owners });
    const which = n % 2;
    const victim = running[which];
    if (victim === undefined) break;
    const { pid } = victim;
    const victims = await watcher.call<readonly string[]>("livingIn", { ids, pid });
    if (victims.length === 0)
      throw new Error("The node to be ended runs none of the actors asked.");
    ends.push(await watcher.call<OwnerEnd>("endAndWatch", { ids: victims, pid, signal }));
    context.progress(`${signal} ${n + 1} of ${times}`);
    running[which] = await node(`owner-${which + 1}`);
  }
  await Promise.all([watcher, ...running].map((program) => program.end()));
  return ends;
};
