/**
 * A whole cluster of real processes on one private Redis, with a proxy per node, and the verbs that
 * hurt it. `close` ends everything and fails when a node left a promise unheard.
 */
import { randomBytes } from "node:crypto";
import type { ClusterSettings, ReconcilerOptions } from "@muster/core";
import { type Runtime, testRuntime } from "./built-program.ts";
import { type NodeProcess, type Outcomes, startNodeProcess } from "./node-process.ts";
import type { ProgramConfig } from "./program-protocol.ts";
import type { RedisCluster } from "./redis-cluster.ts";
import { type RedisServer, type RedisServerOptions, startRedisServer } from "./redis-server.ts";
import type { SentinelSet } from "./sentinel-set.ts";
import { stretch, stretchedLease } from "./stretch.ts";
import { type LinkMatch, type SwallowRule, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";
import { startWitness, type Witness } from "./witness.ts";

export interface ClusterOptions {
  readonly settings?: Partial<ClusterSettings>;
  readonly redis?: RedisServerOptions;
  /** Nodes use this Redis Cluster, without proxies between, instead of a Redis of their own. */
  readonly redisCluster?: RedisCluster;
  /** Nodes use the primary of this Sentinel set, without proxies between, instead of one of their own. */
  readonly sentinels?: SentinelSet;
  /** Replicas that callers wait for. */
  readonly durability?: ProgramConfig["durability"];
  /** Folder of the apps that nodes load. */
  readonly appsDir?: string;
  /** Nodes serve HTTP. @defaultValue false */
  readonly http?: boolean;
  readonly appsHost?: "module" | "worker";
  readonly hookTimeoutMs?: number;
  readonly slowRetryMs?: number;
  readonly reconciler?: ReconcilerOptions;
  /** The witness answers so much later than it records. @defaultValue 0 */
  readonly witnessDelayMs?: number;
}

export type NodeOptions = Partial<
  Pick<
    ProgramConfig,
    | "appsDir"
    | "companions"
    | "startTimeoutMs"
    | "weight"
    | "settings"
    | "http"
    | "wallOffsetMs"
    | "isMended"
  >
> & {
  /** Does not wait until the node has started. */
  readonly wait?: boolean;
  /** `node` runs the built packages. @defaultValue as `MUSTER_TEST_RUNTIME` says, else `bun` */
  readonly runtime?: Runtime;
  /** Added to the environment of the process. */
  readonly env?: Readonly<Record<string, string>>;
};

export interface TestCluster {
  readonly name: string;
  readonly redis: RedisServer;
  readonly witness: Witness;
  /** Starts a node process under this id and waits until it is ready. */
  start(id: string, options?: NodeOptions): Promise<NodeProcess>;
  /** Starts `web-1` to `web-n` at once. */
  startAll(n: number): Promise<readonly NodeProcess[]>;
  /** The process now running under an id. */
  node(id: string): NodeProcess;
  /** All processes running. */
  nodes(): readonly NodeProcess[];
  proxy(id: string): TcpProxy;
  /** Leads new connections of all nodes, also of those to come, to another server. */
  retarget(port: number): void;
  /** SIGTERM, and waits for the end; the exit code is answered. */
  stop(id: string): Promise<number | null>;
  /** SIGKILL, and waits for the end. */
  kill(id: string): Promise<void>;
  freeze(id: string): void;
  thaw(id: string): void;
  cut(id: string, mode?: "silent" | "refused", match?: LinkMatch): void;
  heal(id: string): void;
  slow(id: string, ms: number): void;
  swallow(id: string, rule: number | SwallowRule): void;
  /** Keeps a node's event loop busy; resolves when it is over. */
  blockLoop(id: string, ms: number): Promise<void>;
  redisRestart(how?: "shutdown" | "kill", downMs?: number): Promise<void>;
  flush(): Promise<void>;
  /** Polls a fact; a failure shows the tail of every node's log. */
  waitUntil<T>(
    fact: string,
    read: () => T | Promise<T>,
    holds?: (value: T) => boolean,
    options?: WaitOptions,
  ): Promise<T>;
  /** Waits until each of the nodes sees all of them up and every shard owned by one of them. */
  settled(...ids: readonly string[]): Promise<void>;
  /** Waits until no shard has changed hands for half a second; answers owner and epoch of each. */
  still(): Promise<readonly string[]>;
  /** Shard, owner and epoch of each shard, as told by one of the nodes running. */
  ownership(): Promise<readonly string[]>;
  /** Owner of each shard, as told by one of the nodes running. */
  ownersOf(): Promise<ReadonlyMap<number, string | null>>;
  /** How often any node was judged gone since it joined, also if only for a moment. */
  judgedGone(): Promise<number>;
  /** Hears of the outcomes of loads. */
  onOutcomes(listener: (outcomes: Outcomes) => void): void;
  logs(): string;
  close(): Promise<void>;
}

/** The verbs of the cluster's one Redis, carried out at the right server of a Redis Cluster. */
const overCluster = (cluster: RedisCluster): RedisServer => {
  const [first] = cluster.servers;
  if (!first) throw new Error("The Redis Cluster has no server.");
  return { ...first, port: first.port, url: first.url, pid: first.pid, stop: async () => {} };
};

/** The verbs of the cluster's one Redis, carried out at the primary of the moment. */
const overSentinels = (set: SentinelSet): RedisServer => {
  const [first] = set.servers;
  if (!first) throw new Error("The Sentinel set has no server.");
  return {
    ...first,
    port: first.port,
    url: first.url,
    pid: first.pid,
    command: async (...words) => (await set.primary()).command(...words),
    stop: async () => {},
  };
};

/** Starts Redis and a witness; nodes follow by {@link TestCluster.start}. */
export const startCluster = async (options: ClusterOptions = {}): Promise<TestCluster> => {
  const name = `t-${randomBytes(4).toString("hex")}`;
  const { redisCluster, sentinels } = options;
  const redis = redisCluster
    ? overCluster(redisCluster)
    : sentinels
      ? overSentinels(sentinels)
      : await startRedisServer(options.redis);
  const witness = await startWitness(options.witnessDelayMs);
  const running = new Map<string, NodeProcess>();
  const proxies = new Map<string, TcpProxy>();
  let target = redis.port;
  const started: NodeProcess[] = [];
  const frozen = new Set<string>();
  const listeners: ((outcomes: Outcomes) => void)[] = [];

  const known = <T>(map: ReadonlyMap<string, T>, id: string): T => {
    const found = map.get(id);
    if (found === undefined)
      throw new Error(`No node ${id} was started; there are ${[...map.keys()].join(", ")}.`);
    return found;
  };
  const node = (id: string): NodeProcess => known(running, id);
  const logs = (): string =>
    started.map((one) => `--- ${one.id} (${one.pid})\n${one.logTail()}`).join("\n");
  const withLogs = (error: unknown): Error =>
    new Error(`${error instanceof Error ? error.message : error}\n${logs()}`, { cause: error });

  const start = async (
    id: string,
    { wait = true, runtime = testRuntime(), env = {}, ...given }: NodeOptions = {},
  ): Promise<NodeProcess> => {
    let proxy = proxies.get(id);
    if (proxy === undefined) {
      proxy = await startTcpProxy(target);
      proxies.set(id, proxy);
    }
    const optional = {
      ...(options.durability !== undefined && { durability: options.durability }),
      ...(options.appsDir !== undefined && { appsDir: options.appsDir }),
      ...(options.appsHost !== undefined && { appsHost: options.appsHost }),
      ...(options.hookTimeoutMs !== undefined && { hookTimeoutMs: options.hookTimeoutMs }),
      ...(options.slowRetryMs !== undefined && { slowRetryMs: options.slowRetryMs }),
      ...(options.reconciler && { reconciler: options.reconciler }),
    };
    const process = startNodeProcess(
      {
        cluster: name,
        nodeId: id,
        redisPort: proxy.port,
        ...(redisCluster && { redisCluster: redisCluster.addresses }),
        ...(sentinels && { sentinels: { addresses: sentinels.addresses, name: sentinels.name } }),
        http: options.http ?? false,
        witnessUrl: witness.url,
        ...optional,
        ...given,
        settings: { ...stretchedLease(), ...options.settings, ...given.settings },
      },
      (outcomes) => {
        for (const listener of listeners) listener(outcomes);
      },
      runtime,
      env,
    );
    running.set(id, process);
    started.push(process);
    if (wait) {
      await process.ready.catch((error: unknown) => {
        throw withLogs(error);
      });
    }
    return process;
  };

  const end = async (id: string, signal: NodeJS.Signals): Promise<number | null> => {
    const ending = node(id);
    ending.signal(signal);
    const { code } = await ending.exited;
    running.delete(id);
    return code;
  };
  const ownersFrom = async (asked: NodeProcess): Promise<ReadonlyMap<number, string | null>> =>
    new Map((await asked.shards()).items.map(({ shard, owner }) => [shard, owner]));
  const anyNode = (): NodeProcess => {
    const found = [...running.values()].find((one) => one.running && !frozen.has(one.id));
    if (found === undefined) throw new Error("No node is running that could tell the owners.");
    return found;
  };
  const ownership = async (): Promise<readonly string[]> =>
    (await anyNode().shards()).items.map(({ shard, owner, epoch }) => `${shard} ${owner} ${epoch}`);
  const wait: TestCluster["waitUntil"] = (fact, read, holds, more = {}) =>
    waitUntil(fact, read, holds, { deadlineMs: 15_000, ...more, context: logs });

  return {
    name,
    redis,
    witness,
    start,
    startAll: (n) => Promise.all(Array.from({ length: n }, (_, i) => start(`web-${i + 1}`))),
    node,
    nodes: () => [...running.values()],
    proxy: (id) => known(proxies, id),
    retarget: (port) => {
      target = port;
      for (const proxy of proxies.values()) proxy.retarget(port);
    },
    stop: (id) => end(id, "SIGTERM"),
    kill: async (id) => {
      frozen.delete(id);
      await end(id, "SIGKILL");
    },
    freeze: (id) => {
      frozen.add(id);
      node(id).signal("SIGSTOP");
    },
    thaw: (id) => {
      frozen.delete(id);
      node(id).signal("SIGCONT");
    },
    cut: (id, mode, match) => known(proxies, id).cut(mode, match),
    heal: (id) => known(proxies, id).heal(),
    slow: (id, ms) => known(proxies, id).delay(ms),
    swallow: (id, rule) => known(proxies, id).swallowReplies(rule),
    blockLoop: async (id, ms) => {
      await node(id).do({ do: "blockLoop", ms }, ms + 20_000);
    },
    redisRestart: (how, downMs) => redis.restart(how, downMs),
    flush: async () => {
      if (redisCluster) await redisCluster.everywhere("FLUSHALL");
      else await redis.command("FLUSHALL");
    },
    waitUntil: wait,
    settled: async (...ids) => {
      for (const id of ids) {
        await wait(
          `${id} sees ${ids.join(", ")} up and every shard owned by one of them`,
          async () => {
            const { items } = await node(id).nodes();
            const up = items.filter(({ state }) => state === "up").map((item) => item.id);
            const owners = await ownersFrom(node(id));
            return { up: up.sort(), owners: [...new Set(owners.values())], shards: owners.size };
          },
          ({ up, owners, shards }) =>
            shards > 0 &&
            up.join() === [...ids].sort().join() &&
            owners.every((owner) => owner !== null && ids.includes(owner)) &&
            owners.length === ids.length,
        );
      }
    },
    still: async () => {
      let since = performance.now();
      let last = "";
      return wait(
        "no shard has changed hands for half a second",
        async () => {
          const now = await ownership();
          if (now.join() !== last) since = performance.now();
          last = now.join();
          return now;
        },
        () => performance.now() - since > stretch(500),
      );
    },
    ownership,
    ownersOf: () => ownersFrom(anyNode()),
    judgedGone: async () => {
      // A record: state|cordoned|join|lease|started|ephemeral|void|flaps|created|incarnation
      const key = `muster:${name}:{${name}}:nodes`;
      const records = redisCluster
        ? await redisCluster.commandAt(key, "HVALS", key)
        : await redis.command("HVALS", key);
      const flaps = records
        .split("\r\n")
        .filter((line) => line.includes("|"))
        .map((record) => Number(record.split("|")[7]));
      if (flaps.length === 0) throw new Error(`No node record was found: ${records}`);
      return flaps.reduce((sum, count) => sum + count, 0);
    },
    onOutcomes: (listener) => {
      listeners.push(listener);
    },
    logs,
    close: async () => {
      redis.thaw();
      for (const proxy of proxies.values()) proxy.heal();
      for (const one of running.values()) {
        one.signal("SIGCONT");
        one.signal("SIGKILL");
      }
      await Promise.all([...running.values()].map((one) => one.exited));
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await witness.close();
      await redis.stop();
      const unhandled = started.flatMap((one) => one.unhandled.map((text) => `${one.id}: ${text}`));
      if (unhandled.length > 0)
        throw new Error(`Unhandled in node processes:\n${unhandled.join("\n")}\n${logs()}`);
    },
  };
};
