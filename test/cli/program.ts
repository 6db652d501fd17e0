/** Runs the `muster` command as users do: the sources under Bun, the built package under Node. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { guardChild } from "../kit/guard.ts";
import { stretch } from "../kit/stretch.ts";

export type Runtime = "bun" | "node";
export const runtimes: readonly Runtime[] = ["bun", "node"];

const at = (path: string): string =>
  fileURLToPath(new URL(`../../packages/cli/${path}`, import.meta.url));
export const bunPath = "Bun" in globalThis ? process.execPath : "bun";

/** Program and first arguments of `muster` under a runtime. */
export const musterCommand = (runtime: Runtime): readonly [string, string] => {
  if (runtime === "bun") return [bunPath, at("src/main.ts")];
  if (!existsSync(at("dist/main.js"))) throw new Error("Build the packages first: bun run build");
  return ["node", at("bin/muster.js")];
};

export interface StartOptions {
  readonly runtime?: Runtime;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningMuster {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The first line of stdout that is JSON and says `ready`. */
  readonly ready: Promise<Ready>;
  readonly ended: Promise<Ended>;
  out(): string;
  err(): string;
  signal(name: NodeJS.Signals): void;
}

export interface Ready {
  readonly ready: true;
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[];
  readonly redis: { readonly url: string; readonly pid: number | null } | null;
  readonly token: string | null;
}

/** Nothing of the settings of whoever runs the tests. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries({ ...process.env, XDG_CONFIG_HOME: "/nonexistent", NO_COLOR: "1" }).filter(
      ([name]) => !name.startsWith("MUSTER_") || name === "MUSTER_REDIS_SERVER",
    ),
  );

/** Starts a command that runs on. It is gone when this process is. */
export const startMuster = (args: readonly string[], options: StartOptions = {}): RunningMuster => {
  const { runtime = "bun", cwd = "/", env = {} } = options;
  const [program, file] = musterCommand(runtime);
  const child = spawn(program, [file, ...args], {
    cwd,
    env: { ...cleanEnv(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  guardChild(child);
  let out = "";
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
  const ready = new Promise<Ready>((resolve, reject) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      out += `${line}\n`;
      if (line.startsWith('{"ready":true')) resolve(JSON.parse(line) as Ready);
    });
    const limit = stretch(30_000);
    const timer = setTimeout(
      () => reject(new Error(`not ready in ${limit} ms: ${out}${err}`)),
      limit,
    );
    void ended.then(({ code }) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it was ready: ${out}${err}`));
    });
  });
  ready.catch(() => {});
  return {
    pid: child.pid ?? 0,
    child,
    ready,
    ended,
    out: () => out,
    err: () => err,
    signal: (name) => void child.kill(name),
  };
};

/** Runs a command to its end. */
export const runMuster = (args: readonly string[], options: StartOptions = {}): Promise<Ended> =>
  startMuster(args, options).ended;
