/**
 * Runs the node of `muster dev` as a child process and starts it again when a file changes, since a
 * module once loaded can only be replaced by a new process. A node that fails waits for a change.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Cli } from "../cli.ts";
import { interrupted } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { aborted } from "../pause.ts";
import { freePort } from "../port.ts";
import { parseReadyNode, printReadyLine, type ReadyNode } from "../ready-line.ts";
import { selfCommand } from "../self-command.ts";
import type { DevOptions } from "./run-dev-node.ts";
import { watchFiles } from "./watch-files.ts";

const host = "127.0.0.1";
const stopMs = 10_000;

interface Running {
  readonly process: ChildProcess;
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>;
}

const start = (
  cli: Cli,
  { file, apps }: DevOptions,
  port: number,
  onReady: (node: ReadyNode) => void,
): Running => {
  const { verbose, quiet } = cli.flags;
  const { program, args } = selfCommand(
    ...["dev", "--no-reload", "--supervised", "--port", String(port)],
    ...(cli.asJson ? ["--json"] : []),
    ...(verbose ? ["-v"] : []),
    ...(quiet ? ["-q"] : []),
    ...(apps === undefined ? [] : ["--apps", apps]),
    ...(file === undefined ? [] : ["--", file]),
  );
  // A group of its own: Ctrl-C reaches us only, and we end it in order. It watches our pipe, so it
  // ends as well when this process is killed.
  const child = spawn(program, args, {
    cwd: cli.io.cwd,
    env: { ...cli.io.env },
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  child.stdin?.on("error", () => {});
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const node = parseReadyNode(line);
      if (node !== undefined) onReady(node);
    });
  }
  const exited = new Promise<number | null>((done) => {
    child.once("exit", done);
    child.once("error", () => done(null));
  });
  return { process: child, exited };
};

const stop = async ({ process: child, exited }: Running): Promise<void> => {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await exited;
  clearTimeout(timer);
};

/** Runs until interrupted, or until the node ends for a reason that no change of a file can mend. */
export const superviseDev = async (cli: Cli, options: DevOptions): Promise<void> => {
  const { io } = cli;
  io.host();
  const end = AbortSignal.any([io.interrupt, io.terminate]);
  const { file, apps } = options;
  const folders = [
    ...(file === undefined ? [] : [dirname(resolve(io.cwd, file))]),
    ...(apps === undefined ? [] : [resolve(io.cwd, apps)]),
  ];
  // The same port after each start, so that whoever looks at the node finds it again.
  const port = options.port === 0 ? await freePort(host) : options.port;
  let announced = false;
  let change: (() => void) | undefined;
  const unwatch = watchFiles(folders, () => change?.());
  const announce = (node: ReadyNode): void => {
    if (announced) cli.say(`node ${node.id} has started again, process ${node.pid}`);
    else if (cli.asJson)
      io.out(printReadyLine({ ready: true, nodes: [node], redis: null, token: null }));
    else io.out(`node ${node.id} is up at ${node.url} (process ${node.pid}), in memory\n`);
    announced = true;
  };

  const ended = aborted(end).then(() => "end" as const);
  try {
    while (!end.aborted) {
      const changed = new Promise<"changed">((done) => {
        change = () => done("changed");
      });
      const running = start(cli, options, port, announce);
      const what = await Promise.race([changed, ended, running.exited]);
      if (what === "changed" || what === "end") {
        await stop(running);
        continue;
      }
      // It has said itself why. No change of a file frees a port that another process has.
      if (folders.length === 0 || (!announced && what === exitCodes.conflict)) {
        const code = Object.values(exitCodes).find((known) => known === what);
        cli.exitWith(code || exitCodes.failed);
        return;
      }
      cli.say("the node has ended; it is started again when a file changes");
      await Promise.race([changed, ended]);
    }
  } finally {
    unwatch();
  }
  if (io.interrupt.aborted) throw interrupted();
};
