/** The demo's cluster: Redis and its nodes, and what can be done to them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";
import { type Client, createClient } from "../client/client.ts";
import type { Environment } from "../environment.ts";
import { freePort, isPortFree, portTaken } from "../port.ts";
import { startGuard } from "./guard.ts";
import { type NodeProcess, startNodeProcess } from "./node-process.ts";
import { type PrivateRedis, startPrivateRedis } from "./private-redis.ts";

export interface World {
  /** Ids of all nodes of the cluster, running or not. */
  readonly ids: readonly string[];
  readonly redis: PrivateRedis;
  /** Folder of the logs. */
  readonly folder: string;
  /** The process now or last running under an id. */
  node(id: string): NodeProcess;
  /** Asks one node over HTTP; answers are limited to two seconds. */
  client(id: string): Client;
  /** Starts nodes by id, all at once, where they had been before. */
  start(...ids: readonly string[]): Promise<void>;
  /** SIGTERM to nodes by id. @throws CliError `NODE_FAILED` for one that did not end by itself */
  stop(...ids: readonly string[]): Promise<void>;
  /** Ends everything; keeps the folder with the logs when asked to. */
  close(options?: { readonly keepLogs: boolean }): Promise<void>;
}

export interface WorldOptions {
  readonly nodes: number;
  /** Port of the first node, the others follow; 0 takes free ones. */
  readonly port: number;
  readonly redisBinary: string;
  readonly appsDir: string;
  readonly env: Environment;
  readonly interrupt: AbortSignal;
}

const host = "127.0.0.1";
const startMs = 30_000;
const stopMs = 10_000;
const requestMs = 2_000;

/** The demo's nodes are told everything by flags: nothing of the user's settings may reach them. */
const childEnvironment = (env: Environment): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("MUSTER_")));

/** Makes the folder and starts Redis; nodes follow by {@link World.start}. */
export const createWorld = async (options: WorldOptions): Promise<World> => {
  const ids = Array.from({ length: options.nodes }, (_, index) => `web-${index + 1}`);
  for (const at of options.port === 0 ? [] : ids.keys()) {
    if (!(await isPortFree(host, options.port + at))) throw portTaken(host, options.port + at);
  }
  const folder = mkdtempSync(join(tmpdir(), "muster-demo-"));
  const guard = startGuard(folder);
  const env = childEnvironment(options.env);
  const redis = await startPrivateRedis({ binary: options.redisBinary, folder, env, guard });
  const ports = new Map<string, number>();
  const running = new Map<string, NodeProcess>();
  let closing: Promise<void> | undefined;

  const node = (id: string): NodeProcess => {
    const found = running.get(id);
    if (found !== undefined) return found;
    throw new CliError("NODE_FAILED", `node ${id} is not running`);
  };
  const portOf = async (id: string): Promise<number> => {
    const known = ports.get(id);
    if (known !== undefined) return known;
    return options.port === 0 ? await freePort(host) : options.port + ids.indexOf(id);
  };
  const starting = new Set<Promise<void>>();
  const startOne = async (id: string): Promise<void> => {
    const port = await portOf(id);
    const started = await startNodeProcess({
      ...{ id, cluster: "demo", redisUrl: redis.url, appsDir: options.appsDir },
      ...{ host, port, folder, env, guard, startMs, interrupt: options.interrupt },
    });
    ports.set(id, port);
    running.set(id, started);
  };

  return {
    ids,
    redis,
    folder,
    node,
    client: (id) =>
      createClient({
        target: { url: node(id).url, token: undefined, from: "the demo" },
        timeoutMs: requestMs,
        interrupt: options.interrupt,
      }),
    start: async (...wanted) => {
      const starts = wanted.map(startOne);
      for (const start of starts) {
        starting.add(start);
        void start.catch(() => {}).then(() => starting.delete(start));
      }
      await Promise.all(starts);
    },
    stop: async (...wanted) => {
      const codes = await Promise.all(wanted.map((id) => node(id).stop(stopMs)));
      const bad = wanted.filter((_, at) => codes[at] !== 0);
      if (bad.length === 0) return;
      throw new CliError("NODE_FAILED", `${bad.join(", ")} did not stop in order`);
    },
    close: ({ keepLogs } = { keepLogs: false }) => {
      closing ??= (async () => {
        if (keepLogs) guard.keepFolder();
        // Nodes leave in order only while Redis answers.
        redis.thaw();
        await Promise.allSettled(starting);
        await Promise.all([...running.values()].map((one) => one.stop(stopMs)));
        await redis.kill();
        if (!keepLogs) rmSync(folder, { recursive: true, force: true });
      })();
      return closing;
    },
  };
};
