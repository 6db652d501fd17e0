/** Tells which processes still run. */
import { spawnSync } from "node:child_process";

/** Those of the processes that have not ended; one that nobody has fetched yet has ended. */
export const stillRunning = (pids: readonly number[]): readonly number[] =>
  pids.filter((pid) => {
    const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
    return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
  });
