/** One node of the demo: `muster serve` in a process of its own, started, hurt and ended by handle. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CliError } from "../cli-error.ts";
import { parseReadyNode } from "../ready-line.ts";
import { selfCommand } from "../self-command.ts";
import { type Child, logTail, startChild } from "./child.ts";
import type { Guard } from "./guard.ts";

export interface NodeProcess {
  readonly id: string;
  readonly url: string;
  readonly pid: number;
  readonly running: boolean;
  readonly exited: Promise<number | null>;
  freeze(): void;
  thaw(): void;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** SIGTERM, then SIGKILL after `limitMs`. @returns the exit code, `null` after a signal */
  stop(limitMs: number): Promise<number | null>;
}

export interface NodeProcessOptions {
  readonly id: string;
  readonly cluster: string;
  readonly redisUrl: string;
  readonly appsDir: string;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly guard: Guard;
  /** Limit of the start in milliseconds. */
  readonly startMs: number;
  /** Ends a start that is under way. */
  readonly interrupt: AbortSignal;
}

const ready = (child: Child, options: NodeProcessOptions, logFile: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(
        new CliError("NODE_FAILED", `node ${options.id} ${why}`, { hint: logTail(logFile, 4) }),
      );
    };
    const timer = setTimeout(
      () => fail(`was not ready within ${options.startMs / 1_000} s`),
      options.startMs,
    );
    const { stdout } = child.process;
    if (stdout !== null) {
      createInterface({ input: stdout }).on("line", (line) => {
        const node = parseReadyNode(line);
        if (node === undefined) return;
        clearTimeout(timer);
        resolve(node.url);
      });
    }
    void child.exited.then((code) => fail(`ended at its start (${code ?? "killed"})`));
  });

/** Starts a node and resolves when it has joined the cluster and answers. */
export const startNodeProcess = async (options: NodeProcessOptions): Promise<NodeProcess> => {
  const { id, cluster, redisUrl, appsDir, host, port, folder, env, guard } = options;
  const logFile = join(folder, `${id}.log`);
  const child = startChild({
    ...selfCommand(
      "serve",
      ...["--supervised", "--auth", "none", "--host", host, "--port", String(port)],
      ...["--cluster", cluster, "--node-id", id, "--redis", redisUrl, "--apps", appsDir],
    ),
    cwd: folder,
    env,
    logFile,
    guard,
  });
  const giveUp = (): void => child.signal("SIGKILL");
  options.interrupt.addEventListener("abort", giveUp);
  let url: string;
  try {
    url = await ready(child, options, logFile);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    options.interrupt.removeEventListener("abort", giveUp);
  }
  const kill = async (): Promise<void> => {
    child.signal("SIGKILL");
    await child.exited;
  };
  return {
    id,
    url,
    pid: child.pid,
    get running() {
      return child.running;
    },
    exited: child.exited,
    freeze: () => child.signal("SIGSTOP"),
    thaw: () => child.signal("SIGCONT"),
    kill,
    stop: async (limitMs) => {
      child.signal("SIGCONT");
      child.signal("SIGTERM");
      const timer = setTimeout(() => child.signal("SIGKILL"), limitMs);
      const code = await child.exited;
      clearTimeout(timer);
      return code;
    },
  };
};
