import { expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "../poll.ts";

/** A process of its own that starts a guard and a sleeper under it, and says their ids. */
const program = (folder: string, keep: boolean): string => `
import { spawn } from "node:child_process";
import { startGuard } from ${JSON.stringify(new URL("./guard.ts", import.meta.url).pathname)};
const guard = startGuard(${JSON.stringify(folder)});
const sleeper = spawn("sleep", ["600"], { stdio: "ignore", detached: true });
guard.watch(sleeper);
const short = spawn("true", { stdio: "ignore" });
guard.watch(short);
${keep ? "guard.keepFolder();" : ""}
short.once("exit", () => console.log(sleeper.pid));
setInterval(() => {}, 1000);
`;

/** Ended, but not yet fetched by its parent, counts as ended. */
const isRunning = (pid: number): boolean => {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
};
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk).trim())));

test.each([
  ["running", "SIGKILL", false],
  ["frozen", "SIGKILL", false],
  ["running", "SIGTERM", true],
] as const)("a %s child ends when its parent was ended by %s", async (state, signal, keep) => {
  const folder = mkdtempSync(join(tmpdir(), "muster-guard-"));
  const parent = spawn(process.execPath, ["-e", program(folder, keep)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = Number(await firstLine(parent));
  expect(isRunning(pid)).toBe(true);
  if (state === "frozen") process.kill(pid, "SIGSTOP");
  parent.kill(signal);
  expect(await poll(() => (isRunning(pid) ? undefined : true), { deadlineMs: 5_000 })).toBe(true);
  const gone = await poll(() => (existsSync(folder) ? undefined : true), {
    deadlineMs: keep ? 200 : 5_000,
  });
  expect(gone).toBe(keep ? undefined : true);
  rmSync(folder, { recursive: true, force: true });
});
