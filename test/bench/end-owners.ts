/** Ends owners one after the other and lets a survivor tell when their actors are back. */
import { startOwners } from "./owners.ts";
import type { BenchContext } from "./row.ts";

export interface OwnerEnd {
  /** Milliseconds from the signal to the first answer of each actor by another process. */
  readonly moved: readonly number[];
  /** The slowest single ask meanwhile. */
  readonly slowest: number;
}

/** Runs three nodes and ends one of two of them `times` times, starting it anew each time. */
export const endOwners = async (
  context: BenchContext,
  signal: "SIGKILL" | "SIGTERM",
  times: number,
): Promise<readonly OwnerEnd[]> => {
  const owners = await startOwners(context);
  const { watcher, running } = owners;
  const ends: OwnerEnd[] = [];
  for (let n = 0; n < times; n++) {
    const which = n % 2 === 0 ? 0 : 1;
    const victim = running[which];
    const ids = await owners.actorsOf(victim);
    ends.push(await watcher.call<OwnerEnd>("endAndWatch", { ids, pid: victim.pid, signal }));
    context.progress(`${signal} ${n + 1} of ${times}`);
    running[which] = await owners.start(`owner-${which + 1}`);
  }
  await owners.end();
  return ends;
};
