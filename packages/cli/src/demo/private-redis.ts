/** A Redis server of the demo's own: on loopback, on a free port, gone when the demo is. */
import { connect } from "node:net";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";
import { poll } from "../poll.ts";
import { freePort } from "../port.ts";
import { type Child, logTail, startChild } from "./child.ts";
import type { Guard } from "./guard.ts";

export interface PrivateRedis {
  readonly url: string;
  /** Process id of the present run. */
  readonly pid: number;
  /** Resolves when the present run has ended. */
  readonly exited: Promise<number | null>;
  /** Stalls it, as if the network to it had gone. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL, and waits for the end. What it has acknowledged is in its file. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with its data. */
  start(): Promise<void>;
}

export interface PrivateRedisOptions {
  readonly binary: string;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly guard: Guard;
}

const host = "127.0.0.1";
const attempts = 5;
const startMs = 10_000;

/** The pid of the server on a port, by INFO: another process may have taken the port before ours. */
const servingPid = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    let text = "";
    const end = (): void => {
      socket.destroy();
      resolve(Number(/process_id:(\d+)/.exec(text)?.[1]) || undefined);
    };
    socket.setTimeout(1_000, end);
    socket.once("error", end);
    socket.once("close", end);
    socket.once("connect", () => socket.write("INFO server\r\n"));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (/process_id:\d+\r\n/.test(text)) end();
    });
  });

const begin = async (port: number, options: PrivateRedisOptions): Promise<Child> => {
  const { binary, folder, env, guard } = options;
  const logFile = join(folder, "redis.log");
  const settings = {
    port: String(port),
    bind: host,
    dir: folder,
    logfile: logFile,
    save: "",
    // Without fsync each write still reaches the kernel before its reply: it survives kill -9.
    appendonly: "yes",
    appendfsync: "no",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = startChild({ program: binary, args, cwd: folder, env, logFile, guard });
  const seen = await poll(
    async () => {
      if (!child.running) return "ended";
      return (await servingPid(port)) === child.pid ? "serves" : undefined;
    },
    { deadlineMs: startMs },
  );
  if (seen === "serves") return child;
  child.signal("SIGKILL");
  throw new CliError("REDIS_FAILED", `${binary} does not start: ${logTail(logFile, 3)}`);
};

const beginAnywhere = async (options: PrivateRedisOptions): Promise<readonly [number, Child]> => {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(host);
    try {
      return [port, await begin(port, options)];
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
};

/** Starts the server and resolves when it answers. */
export const startPrivateRedis = async (options: PrivateRedisOptions): Promise<PrivateRedis> => {
  const [port, first] = await beginAnywhere(options);
  let child = first;
  return {
    url: `redis://${host}:${port}`,
    get pid() {
      return child.pid;
    },
    get exited() {
      return child.exited;
    },
    freeze: () => child.signal("SIGSTOP"),
    thaw: () => child.signal("SIGCONT"),
    kill: async () => {
      child.signal("SIGKILL");
      await child.exited;
    },
    start: async () => {
      child = await begin(port, options);
    },
  };
};
