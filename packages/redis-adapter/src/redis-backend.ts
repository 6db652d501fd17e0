/** One node's backend on Redis: connections, stores and bus put together, and their life cycle. */
import {
  type Backend,
  type BackendContext,
  type BackendFactory,
  type BackendFinding,
  type BackendHealth,
  BackendUnavailable,
  type BusMessage,
  type Precondition,
  type ShardId,
  type Topic,
} from "@muster/core/ports";
import { isOnCluster } from "./connections/cluster-source.ts";
import type { Connections } from "./connections/connections.ts";
import { createConnections, modeOf } from "./connections/create-connections.ts";
import type { Written } from "./connections/replicated-wire.ts";
import { createEventStore } from "./event-store.ts";
import { examine } from "./examine.ts";
import { FindingsWatch } from "./findings-watch.ts";
import { createKeys, type Keys } from "./keys.ts";
import type { Reply } from "./link.ts";
import { createLossStore } from "./loss-store.ts";
import { createMembershipStore } from "./membership-store.ts";
import {
  type RedisBackendOptions,
  type ResolvedRedisOptions,
  resolveRedisOptions,
} from "./options.ts";
import { denied, lookAgain, preflight } from "./preflight.ts";
import { preflightRefusal } from "./preflight-refusal.ts";
import { RedisBus } from "./redis-bus.ts";
import { createRedlockGuard } from "./redlock-guard.ts";
import { isAuthRefusal, isDenied } from "./refused-access.ts";
import { runScript, type ScriptCall } from "./script-runner.ts";
import { scripts } from "./scripts.generated.ts";
import { createShardStore } from "./shard-store.ts";
import { withAdviceOnTls } from "./tls-advice.ts";
import { createViewStore } from "./view-store.ts";

/** On a Cluster a sweep takes a call for each shard. */
const clusterSweepMs = 10_000;

/** What tests replace. */
export interface RedisBackendHooks {
  /** Time given to scripts instead of Redis's own, in milliseconds. */
  readonly time?: () => number;
  /** How often the server is looked at again, in milliseconds. */
  readonly recheckMs?: number;
}

/** How long a policy that was changed, or mended, may go unnoticed. */
const recheckEveryMs = 30_000;

/** Scripts that a server without memory does not run. */
const refusedWhenFull: ReadonlySet<ScriptCall["script"]> = new Set([
  scripts.append,
  scripts.appendOut,
  scripts.addEvents,
]);

const outOfMemory: BackendFinding = {
  level: "alert",
  code: "OUT_OF_MEMORY",
  message: "The server has no memory left and takes no new commands.",
  remedy: "Raise maxmemory, or remove other data from this server; nothing else is needed.",
};

const notACluster: BackendFinding = {
  level: "refuse",
  code: "NOT_A_CLUSTER",
  message: "The server is not part of a Redis Cluster.",
  remedy: 'Give it as redisBackend({ url: "redis://host:port" }), or set cluster-enabled yes.',
};

const tooFewReplicas = (servers: readonly string[]): BackendFinding => ({
  level: "alert",
  code: "REPLICAS_SHORT",
  message: `Fewer replicas than durability asks for have what was written last at ${servers.join(", ")}.`,
  remedy:
    "Look at the replicas of this server and at the way to them; until they are back callers are told that outcomes are unknown.",
});

/** The server's refusal of user or permissions as a finding; other errors with advice. */
export const explained = (keys: Keys, options: ResolvedRedisOptions, error: unknown): unknown => {
  if (!(error instanceof BackendUnavailable)) return error;
  const { op, cause } = error;
  if (isDenied(error)) return preflightRefusal([denied(keys, op, String(cause))]);
  if (/cluster support disabled/.test(String(cause))) return preflightRefusal([notACluster]);
  if (!isAuthRefusal(error)) return withAdviceOnTls(error, options);
  return preflightRefusal([
    {
      level: "refuse",
      code: "AUTH_REFUSED",
      message: `The server refuses the user or its password (${String(cause)}).`,
      remedy: "Check username and password.",
    },
  ]);
};

export class RedisBackend implements Backend {
  readonly membership: Backend["membership"];
  readonly shards: Backend["shards"];
  readonly views: Backend["views"];
  readonly losses: Backend["losses"];
  readonly events: Backend["events"];
  readonly bus: RedisBus;
  readonly leastSweepMs: number;
  readonly guard: Backend["guard"];
  readonly durability?: { readonly replicas: number };
  readonly #context: BackendContext;
  readonly #options: ResolvedRedisOptions;
  readonly #keys: Keys;
  #connections: Connections | undefined;
  /** Those of an opening under way. */
  #pending: Connections | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;
  readonly #watch: FindingsWatch;
  #rttMs: number | undefined;
  #shardCount = 0;
  #connectedAt = Number.NEGATIVE_INFINITY;
  /** Set when too few replicas had a write, until enough have one. */
  /** Primaries whose replicas did not have what was written last. */
  readonly #short = new Set<string>();
  /** Set when commands were refused for want of memory, until one is taken. */
  #isOutOfMemory = false;

  constructor(
    options: ResolvedRedisOptions,
    context: BackendContext,
    hooks: RedisBackendHooks = {},
  ) {
    this.#options = options;
    this.#context = context;
    const sharded = isOnCluster(options);
    this.leastSweepMs = sharded ? clusterSweepMs : 0;
    const keys = createKeys(options.keyPrefix, context.cluster, sharded);
    this.#keys = keys;
    const { time, recheckMs = recheckEveryMs } = hooks;
    this.#watch = new FindingsWatch({
      clock: context.clock,
      logger: context.logger,
      everyMs: recheckMs,
      look: async () => lookAgain(this.#require({ script: { name: "preflight" } }), options),
    });
    const stores = {
      keys,
      random: context.random,
      together: sharded ? 1 : Number.POSITIVE_INFINITY,
      expectReplies: (shard: ShardId) => this.bus.expectReplies(shard),
      publish: (topic: Topic, message: BusMessage) => this.bus.publish(topic, message),
      time: () => (time ? String(Math.floor(time())) : ""),
      run: (call: ScriptCall) => this.#run(call),
      write: (call: ScriptCall) => this.#write(call),
      isReplicated: options.durability !== undefined,
    };
    if (options.durability) this.durability = { replicas: options.durability.replicas };
    this.membership = createMembershipStore({
      ...stores,
      beat: (call) => this.#beat(call),
      joined: (shardCount) => {
        this.#shardCount = shardCount;
      },
      mayProbe: (leaseMs) => context.clock.monotonic() - this.#connectedAt > leaseMs,
    });
    this.shards = createShardStore(stores);
    this.views = createViewStore(stores);
    this.losses = createLossStore(stores);
    this.guard = createRedlockGuard({
      ...stores,
      call: (op, command, args, key) =>
        this.#require({ script: { name: op } }).control.call(op, command, args, undefined, key),
    });
    this.events = createEventStore(stores);
    this.bus = new RedisBus({
      channels: keys.channels,
      nodeId: context.nodeId,
      shardCount: () => this.#shards(),
      logger: context.logger,
      subscriber: () => this.#require({ script: { name: "subscribe" } }).hints,
      publish: async (channel, bytes) =>
        this.#require({ script: { name: "publish" } }).publish(channel, bytes),
    });
  }

  open(): Promise<void> {
    if (this.#connections) return Promise.resolve();
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.stop();
    this.#connections?.close();
    this.#pending?.close();
    await this.#opening?.catch(() => {});
  }

  health(): BackendHealth {
    const ready = this.#connections?.isReachable();
    return {
      mode: modeOf(this.#options),
      role: "primary",
      state: this.#closed ? "closed" : ready ? "connected" : "connecting",
      ...(this.#rttMs !== undefined && { rttMs: this.#rttMs }),
      findings: [
        ...this.#watch.findings,
        ...(this.#connections?.findings?.() ?? []),
        ...(this.#isOutOfMemory ? [outOfMemory] : []),
        ...this.#shortOfReplicas(),
      ],
    };
  }

  examine(): Promise<readonly Precondition[]> {
    const { clock, random } = this.#context;
    const connections = this.#require({ script: { name: "examine" } });
    const [keys, options, bus] = [this.#keys, this.#options, this.bus];
    return examine({ connections, keys, options, bus, clock, random });
  }

  async #open(): Promise<void> {
    const { cluster, nodeId, clock, random, logger } = this.#context;
    const name = `${this.#options.keyPrefix}:${cluster}:${nodeId}`;
    const connections = await createConnections(
      { options: this.#options, name, clock, random, logger },
      this.#keys.cluster.meta,
    ).catch((error: unknown) => {
      throw new BackendUnavailable("open", error);
    });
    this.#pending = connections;
    let findings: readonly BackendFinding[];
    try {
      if (this.#closed) throw new BackendUnavailable("open", new Error("The backend was closed."));
      await connections.open();
      findings = await preflight(connections, this.#keys, this.#options);
      const refused = findings.filter(({ level }) => level === "refuse");
      if (refused.length > 0) throw preflightRefusal(refused);
      const alive = this.#keys.channels.alive(nodeId, this.#context.incarnation);
      await connections.alive.subscribe([alive]);
    } catch (error) {
      connections.close();
      throw explained(this.#keys, this.#options, error);
    } finally {
      this.#pending = undefined;
    }
    for (const finding of [...findings, ...(connections.findings?.() ?? [])])
      logger.warn(finding, finding.message);
    this.#connectedAt = clock.monotonic();
    connections.onReturn(() => {
      this.#connectedAt = clock.monotonic();
    });
    this.bus.attach(connections.hints);
    this.#connections = connections;
    this.#watch.start(findings);
  }

  #run(call: ScriptCall): Promise<readonly Reply[]> {
    return this.#withMemory(call, () => runScript(this.#require(call).control, call));
  }

  async #write(call: ScriptCall): Promise<Written> {
    const { replicated } = this.#require(call);
    if (!replicated) throw new Error("Replicas are waited for only with a durability.");
    const written = await this.#withMemory(call, () => replicated.write(call));
    const { isShort, server } = written;
    if (isShort === this.#short.has(server)) return written;
    const { logger } = this.#context;
    if (isShort) {
      this.#short.add(server);
      const finding = tooFewReplicas([server]);
      logger.error(finding, finding.message);
    } else {
      this.#short.delete(server);
      logger.info({ server }, "replicas keep up again");
    }
    return written;
  }

  /** Takes note of a server that has no memory left, and of its end. */
  async #withMemory<A>(call: ScriptCall, run: () => Promise<A>): Promise<A> {
    const mayBeRefused = refusedWhenFull.has(call.script);
    try {
      const answer = await run();
      if (mayBeRefused) this.#isOutOfMemory = false;
      return answer;
    } catch (error) {
      if (error instanceof BackendUnavailable && error.refusal === "out-of-memory") {
        if (!this.#isOutOfMemory) this.#context.logger.error(outOfMemory, outOfMemory.message);
        this.#isOutOfMemory = true;
      }
      throw error;
    }
  }

  async #beat(call: ScriptCall) {
    const { clock } = this.#context;
    const sentAt = clock.monotonic();
    const answer = await runScript(this.#require(call).heartbeat, call);
    this.#rttMs = clock.monotonic() - sentAt;
    return answer;
  }

  /** A server that was replaced is not waited for any more. */
  #shortOfReplicas(): readonly BackendFinding[] {
    const primaries = this.#connections?.primaries() ?? [];
    const short = primaries.map(({ name }) => name).filter((name) => this.#short.has(name));
    return short.length > 0 ? [tooFewReplicas(short)] : [];
  }

  #shards(): number {
    if (this.#shardCount > 0) return this.#shardCount;
    throw new BackendUnavailable("subscribe", new Error("The node has not joined yet."));
  }

  #require(call: {
    readonly script: { readonly name: string };
    readonly shard?: number;
  }): Connections {
    if (this.#connections && !this.#closed) return this.#connections;
    const why = this.#closed ? "The backend is closed." : "The backend is not open.";
    throw new BackendUnavailable(call.script.name, new Error(why), call.shard);
  }
}

/**
 * Keeps a cluster's data in Redis (7.0 or later) or Valkey.
 *
 * Each node opens four connections. Nothing is connected before the node starts.
 * @throws MusterError `OPTIONS_INVALID`
 * @example createMuster({ cluster: "prod", backend: redisBackend({ url: "redis://localhost:6379" }) })
 */
export const redisBackend = (options: RedisBackendOptions): BackendFactory => {
  const resolved = resolveRedisOptions(options);
  return { kind: "redis", create: (context) => new RedisBackend(resolved, context) };
};
