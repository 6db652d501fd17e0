/** The outer side of a bench program: starts it, calls its verbs, ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { programCommand, type Runtime } from "../kit/built-program.ts";
import { guardChild } from "../kit/guard.ts";

export interface Program {
  readonly pid: number;
  call<T = unknown>(verb: string, args?: unknown): Promise<T>;
  /** Closes its input and waits for its end; a profile is written then. */
  end(): Promise<void>;
  signal(name: NodeJS.Signals): Promise<void>;
}

export interface ProgramOptions {
  readonly runtime: Runtime;
  readonly config: object;
  /** Lets the program ask for a collection of garbage. */
  readonly collectable?: boolean;
  /** Folder for a CPU profile of the process. */
  readonly profileDir?: string | undefined;
}

const running = new Set<ChildProcess>();

/** Ends programs that a row left behind when it failed. */
export const endLeftovers = async (): Promise<void> => {
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("exit", () => resolve());
          child.kill("SIGKILL");
        }),
    ),
  );
};

/** Runs `programs/<name>.ts` and resolves when it is ready. */
export const startProgram = async (name: string, options: ProgramOptions): Promise<Program> => {
  const [command = "", ...args] = programCommand(
    new URL(`./programs/${name}.ts`, import.meta.url),
    options.runtime,
  );
  const profile =
    options.profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileDir}`];
  const collection = options.collectable && options.runtime === "node" ? ["--expose-gc"] : [];
  const child: ChildProcess = spawn(
    command,
    [...profile, ...collection, ...args, JSON.stringify(options.config)],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_ENV: "production" },
    },
  );
  guardChild(child);
  running.add(child);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let count = 0;
  let isReady = (): void => {};
  let hasFailed = (_: Error): void => {};
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve;
    hasFailed = reject;
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      const gone = new Error(`${name} ended (${code ?? signal})`);
      hasFailed(gone);
      for (const { reject } of waiting.values()) reject(gone);
      waiting.clear();
      resolve();
    });
  });
  child.stdin?.on("error", () => {});
  if (child.stdout === null) throw new Error(`${name} has no output`);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return process.stderr.write(`${name}: ${line}\n`);
    const said = JSON.parse(line) as { ready?: true; n?: number; answer?: unknown; error?: string };
    if (said.ready) return isReady();
    const asked = waiting.get(said.n ?? 0);
    waiting.delete(said.n ?? 0);
    if (said.error === undefined) asked?.resolve(said.answer);
    else asked?.reject(new Error(`${name}: ${said.error}`));
  });
  await ready;
  return {
    pid: child.pid ?? 0,
    call: <T>(verb: string, args: unknown = {}) =>
      new Promise<T>((resolve, reject) => {
        const n = ++count;
        waiting.set(n, { resolve: resolve as (value: unknown) => void, reject });
        child.stdin?.write(`${JSON.stringify({ n, verb, args })}\n`);
      }),
    end: async () => {
      child.stdin?.end();
      await exited;
    },
    signal: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
};

/** Longest interval that the given ones cover together, in seconds. */
export const secondsOf = (
  intervals: readonly { readonly from: number; readonly to: number }[],
): number =>
  (Math.max(...intervals.map(({ to }) => to)) - Math.min(...intervals.map(({ from }) => from))) /
  1_000;
