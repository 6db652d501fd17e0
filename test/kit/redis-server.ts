/**
 * A private redis-server on a free loopback port. Nothing is done to a server whose pid, asked by
 * INFO, is not that of the child we started; it ends by its handle, or with this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardChild } from "./guard.ts";
import { waitUntil } from "./wait-until.ts";

export interface RedisServerOptions {
  /** Path of the server. @defaultValue `MUSTER_REDIS_SERVER`, else redis-server on PATH */
  readonly binary?: string;
  /** Keeps the data across restarts, kills included. @defaultValue false */
  readonly aof?: boolean;
  /** Starts a Sentinel with this configuration instead of a server with data. */
  readonly sentinel?: string;
  /** Sent before each command of the test, such as `["AUTH", "secret"]`. */
  readonly logIn?: readonly string[];
  /** Further arguments, such as `["--maxmemory", "8mb"]`. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Process id of the present run. */
  readonly pid: number;
  /** Sends one command and answers its reply as text; for tests and set-up only. */
  command(...words: readonly string[]): Promise<string>;
  /** As {@link RedisServer.command}, with words that are no text. */
  send(...words: readonly (string | Uint8Array)[]): Promise<string>;
  /** Stops it (`kill`: by SIGKILL) and starts it again on the same port and folder. */
  restart(how?: "shutdown" | "kill", downMs?: number): Promise<void>;
  /** Ends the present run; {@link RedisServer.begin} starts the next one. */
  end(how?: "shutdown" | "kill"): Promise<void>;
  begin(): Promise<void>;
  /** Stalls it by SIGSTOP. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it for good and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

const defaultBinary = (): string => process.env["MUSTER_REDIS_SERVER"] ?? "redis-server";

/** A loopback port that nobody listened on a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });

interface Asked {
  readonly port: number;
  readonly sentinel: boolean;
  readonly logIn?: readonly string[] | undefined;
}

const encode = (words: readonly (string | Uint8Array)[]): Buffer => {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
};

/** One command over a connection of its own, so that no client library takes part. */
const command = (
  { port, sentinel, logIn }: Asked,
  words: readonly (string | Uint8Array)[],
): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error("redis-server did not answer in 5 s")));
    socket.on("error", reject);
    socket.on("connect", () => {
      if (logIn) socket.write(encode(logIn));
      socket.write(encode(words));
      // A Sentinel does not know QUIT; it answers what came before the end.
      if (sentinel) socket.end();
      else socket.write(encode(["QUIT"]));
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    socket.on("close", () => {
      const answered = logIn ? text.replace(/^\+OK\r\n/, "") : text;
      const reply = sentinel ? answered : answered.replace(/\+OK\r\n$/, "");
      if (reply.startsWith("-")) reject(new Error(reply.slice(1).trim()));
      else if (reply.startsWith("$")) resolve(reply.slice(reply.indexOf("\n") + 1, -2));
      else resolve(reply.replace(/^[+:]/, "").trim());
    });
  });

const exited = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", () => resolve()));

/** A Sentinel that has a replica follow another server ends all connections to it: asked again then. */
const infoPid = async (asked: Asked, attempt = 1): Promise<number> => {
  try {
    return Number(/process_id:(\d+)/.exec(await command(asked, ["INFO", "server"]))?.[1]);
  } catch (error) {
    const isReset = (error as NodeJS.ErrnoException).code === "ECONNRESET";
    if (!isReset || attempt === 5) throw error;
    return infoPid(asked, attempt + 1);
  }
};

/** Starts a server and resolves when it answers. */
export const startRedisServer = async (options: RedisServerOptions = {}): Promise<RedisServer> => {
  const dir = mkdtempSync(join(tmpdir(), "muster-redis-"));
  const log = join(dir, "redis.log");
  const binary = options.binary ?? defaultBinary();
  const sentinelFile = join(dir, "sentinel.conf");
  // A Sentinel keeps what it learns in this file.
  if (options.sentinel !== undefined) writeFileSync(sentinelFile, options.sentinel);
  let port = 0;
  let child: ChildProcess | undefined;
  const asked = (): Asked => ({
    port,
    sentinel: options.sentinel !== undefined,
    logIn: options.logIn,
  });

  const tryStart = async (): Promise<void> => {
    // Without fsync each write still reaches the kernel before its reply: it survives kill -9.
    const keeping = ["--appendonly", options.aof ? "yes" : "no", "--save", ""];
    const persistence = options.sentinel === undefined ? [...keeping, "--appendfsync", "no"] : [];
    const started = spawn(
      binary,
      [
        ...(options.sentinel === undefined ? [] : [sentinelFile, "--sentinel"]),
        "--port",
        String(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        dir,
        "--logfile",
        log,
        "--daemonize",
        "no",
        "--maxmemory-policy",
        "noeviction",
        ...persistence,
        ...(options.args ?? []),
      ],
      { stdio: "ignore" },
    );
    const failed = new Promise<never>((_, reject) => {
      started.once("error", (error) =>
        reject(new Error(`${binary} cannot be started: ${error.message}`)),
      );
      started.once("exit", (code) =>
        reject(new Error(`redis-server ended at start (${code}): ${tail(log)}`)),
      );
    });
    failed.catch(() => {});
    guardChild(started);
    child = started;
    const answers = waitUntil(
      "redis-server answers",
      () => infoPid(asked()),
      (pid) => pid === started.pid,
    );
    await Promise.race([answers, failed]);
  };
  const begin = async (): Promise<void> => {
    const fixed = port !== 0;
    for (let attempt = 1; ; attempt++) {
      if (!fixed) port = await freePort();
      try {
        return await tryStart();
      } catch (error) {
        child?.kill("SIGKILL");
        // Another process may have taken the port between probing and binding.
        if (attempt === 5) throw error;
      }
    }
  };
  /** The child, once it is certain that it is the one listening. */
  const ours = async (): Promise<ChildProcess> => {
    if (child === undefined) throw new Error("The redis-server was ended.");
    const pid = await infoPid(asked());
    if (pid !== child.pid) {
      throw new Error(
        `Port ${port} is served by process ${pid}, not by our redis-server ${child.pid}.`,
      );
    }
    return child;
  };
  const end = async (how: "shutdown" | "kill" = "shutdown"): Promise<void> => {
    const running = await ours();
    child = undefined;
    running.kill(how === "kill" ? "SIGKILL" : "SIGTERM");
    await exited(running);
  };

  await begin();
  return {
    get port() {
      return port;
    },
    get url() {
      return `redis://127.0.0.1:${port}`;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    command: (...words) => command(asked(), words),
    send: (...words) => command(asked(), words),
    end,
    begin,
    restart: async (how = "shutdown", downMs = 0) => {
      await end(how);
      await new Promise((resolve) => setTimeout(resolve, downMs));
      await begin();
    },
    freeze: async () => {
      (await ours()).kill("SIGSTOP");
    },
    thaw: () => {
      child?.kill("SIGCONT");
    },
    stop: async () => {
      const running = child;
      child = undefined;
      if (running !== undefined) {
        running.kill("SIGKILL");
        await exited(running);
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const tail = (file: string): string => {
  try {
    return readFileSync(file, "utf8").split("\n").slice(-8).join("\n");
  } catch {
    return "no log";
  }
};
