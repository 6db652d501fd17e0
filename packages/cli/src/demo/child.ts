/** A child process with its log in a file, ended by its handle. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Guard } from "./guard.ts";

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when it has ended; to its exit code, or `null` after a signal. */
  readonly exited: Promise<number | null>;
  readonly running: boolean;
  signal(name: NodeJS.Signals): void;
}

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly guard: Guard;
}

/**
 * Starts a child in a process group of its own, so that Ctrl-C at the terminal reaches the demo only,
 * which then ends its children in order.
 */
export const startChild = ({ program, args, cwd, env, logFile, guard }: ChildOptions): Child => {
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", log], detached: true });
  closeSync(log);
  guard.watch(child);
  let running = true;
  const exited = new Promise<number | null>((resolve) => {
    const end = (code: number | null): void => {
      running = false;
      resolve(code);
    };
    child.once("exit", end);
    child.once("error", () => end(null));
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    exited,
    get running() {
      return running;
    },
    signal: (name) => {
      if (running) child.kill(name);
    },
  };
};

/** The end of a log, for a message. */
export const logTail = (file: string, lines = 8): string => {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
};
