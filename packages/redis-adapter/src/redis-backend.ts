/** One node's backend on Redis: connections, stores and bus put together, and their life cycle. */
import { MusterError } from "@muster/core";
import {
  type Backend,
  type BackendContext,
  type BackendFactory,
  type BackendFinding,
  type BackendHealth,
  BackendUnavailable,
  type Cancel,
} from "@muster/core/ports";
import { type Connections, createConnections } from "./connections.ts";
import { createKeys, type Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { createMembershipStore } from "./membership-store.ts";
import {
  type RedisBackendOptions,
  type ResolvedRedisOptions,
  resolveRedisOptions,
} from "./options.ts";
import { denied, isAuthRefusal, isDenied, preflight } from "./preflight.ts";
import { RedisBus, retryMs } from "./redis-bus.ts";
import { loadScripts, runScript, type ScriptCall } from "./script-runner.ts";
import { scripts } from "./scripts.generated.ts";
import { createShardStore } from "./shard-store.ts";
import { createViewStore } from "./view-store.ts";

/** Keeps a silent subscription honest: without traffic a dead socket would go unnoticed. */
const pingEveryMs = 2_000;

/** Hints may be missed for so long before the backend counts as away: what they tell is swept for. */
const hintsAwayMs = 1_000;

/** What tests replace. */
export interface RedisBackendHooks {
  /** Time given to scripts instead of Redis's own, in milliseconds. */
  readonly time?: () => number;
}

const links = ({ control, heartbeat, subscriber, alive }: Connections): readonly Link[] => [
  control,
  heartbeat,
  subscriber,
  alive,
];

const outOfMemory: BackendFinding = {
  level: "alert",
  code: "OUT_OF_MEMORY",
  message: "The server has no memory left and takes no new commands.",
  remedy: "Raise maxmemory, or remove other data from this server; nothing else is needed.",
};

const isReachable = ({ control, heartbeat, subscriber, alive }: Connections): boolean =>
  control.isReady &&
  heartbeat.isReady &&
  subscriber.awayMs < hintsAwayMs &&
  alive.awayMs < hintsAwayMs;

const refusal = (findings: readonly BackendFinding[]): MusterError =>
  new MusterError(
    "PREFLIGHT_FAILED",
    findings.map(({ code, message, remedy }) => `${code}: ${message} ${remedy}`).join("\n"),
    { op: "open", hint: findings.map(({ remedy }) => remedy).join(" ") },
  );

/** The server's refusal of user or permissions as a finding; other errors as they are. */
const explained = (keys: Keys, error: unknown): unknown => {
  if (!(error instanceof BackendUnavailable)) return error;
  const { op, cause } = error;
  if (isDenied(error)) return refusal([denied(keys, op, String(cause))]);
  if (!isAuthRefusal(error)) return error;
  return refusal([
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
  readonly bus: RedisBus;
  readonly #context: BackendContext;
  readonly #options: ResolvedRedisOptions;
  readonly #keys: Keys;
  #connections: Connections | undefined;
  /** All there are, also those of an opening under way. */
  #links: readonly Link[] = [];
  #opening: Promise<void> | undefined;
  #closed = false;
  #findings: readonly BackendFinding[] = [];
  #rttMs: number | undefined;
  #connectedAt = Number.NEGATIVE_INFINITY;
  #ping: Cancel = () => {};
  /** Set when commands were refused for want of memory, until one is taken. */
  #isOutOfMemory = false;
  /** Set while subscriptions may stand at a server that was demoted. */
  #isDemoted = false;

  constructor(
    options: ResolvedRedisOptions,
    context: BackendContext,
    hooks: RedisBackendHooks = {},
  ) {
    this.#options = options;
    this.#context = context;
    const keys = createKeys(options.keyPrefix, context.cluster);
    this.#keys = keys;
    const { time } = hooks;
    const stores = {
      keys,
      random: context.random,
      time: () => (time ? String(Math.floor(time())) : ""),
      run: (call: ScriptCall) => this.#run(call),
    };
    this.membership = createMembershipStore({
      ...stores,
      beat: (call) => this.#beat(call),
      mayProbe: (leaseMs) => context.clock.monotonic() - this.#connectedAt > leaseMs,
    });
    this.shards = createShardStore(stores);
    this.views = createViewStore(stores);
    this.bus = new RedisBus({
      keys,
      clock: context.clock,
      logger: context.logger,
      subscriber: () => this.#require({ script: { name: "subscribe" } }).subscriber,
      publish: async (channel, bytes) =>
        this.#require({ script: { name: "publish" } }).control.call("publish", "publish", [
          channel,
          bytes,
        ]),
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
    this.#ping();
    for (const link of this.#links) link.close();
    await this.#opening?.catch(() => {});
  }

  health(): BackendHealth {
    const ready = this.#connections && isReachable(this.#connections);
    return {
      mode: "redis",
      role: "primary",
      state: this.#closed ? "closed" : ready ? "connected" : "connecting",
      ...(this.#rttMs !== undefined && { rttMs: this.#rttMs }),
      findings: this.#isOutOfMemory ? [...this.#findings, outOfMemory] : this.#findings,
    };
  }

  async #open(): Promise<void> {
    const { cluster, nodeId, clock, random, logger } = this.#context;
    const connections = await createConnections({
      options: this.#options,
      name: `${this.#options.keyPrefix}:${cluster}:${nodeId}`,
      clock,
      random,
      demoted: () => {
        this.#isDemoted = true;
      },
    }).catch((error: unknown) => {
      throw new BackendUnavailable("open", error);
    });
    this.#links = links(connections);
    try {
      if (this.#closed) throw new BackendUnavailable("open", new Error("The backend was closed."));
      await Promise.all(this.#links.map((link) => link.open()));
      this.#findings = await preflight(connections.control, this.#keys, this.#options);
      const refused = this.#findings.filter(({ level }) => level === "refuse");
      if (refused.length > 0) throw refusal(refused);
      await loadScripts(connections.control).catch(() => {});
      await this.#beAlive(connections.alive);
    } catch (error) {
      for (const link of links(connections)) link.close();
      throw explained(this.#keys, error);
    }
    for (const finding of this.#findings) logger.warn(finding, finding.message);
    this.#keepUp(connections);
    this.#connections = connections;
    this.bus.attach(connections.subscriber);
  }

  /** What each connection does when it is back. */
  #keepUp(connections: Connections): void {
    const { control, heartbeat, alive } = connections;
    const { clock, logger } = this.#context;
    this.#connectedAt = clock.monotonic();
    const stayAlive = async (): Promise<void> => {
      try {
        await this.#beAlive(alive);
      } catch (error) {
        logger.warn({ error }, "the alive subscription was refused");
        clock.after(retryMs, () => {
          if (alive.isReady) void stayAlive();
        });
      }
    };
    control.redis.on("ready", () => void loadScripts(control).catch(() => {}));
    heartbeat.redis.on("ready", () => {
      this.#connectedAt = clock.monotonic();
    });
    alive.redis.on("ready", () => {
      this.#connectedAt = clock.monotonic();
      void stayAlive();
    });
    const ping = () => {
      for (const link of [connections.subscriber, alive]) {
        if (link.isReady) link.call("ping", "ping", []).catch(() => {});
      }
      this.#ping = clock.after(pingEveryMs, ping);
    };
    this.#ping = clock.after(pingEveryMs, ping);
  }

  async #beAlive(alive: Link): Promise<void> {
    const { nodeId, incarnation } = this.#context;
    await alive.call("SUBSCRIBE", "subscribe", [this.#keys.aliveChannel(nodeId, incarnation)]);
  }

  async #run(call: ScriptCall) {
    const mayBeRefused = call.script === scripts.append || call.script === scripts.appendOut;
    try {
      const answer = await runScript(this.#require(call).control, call);
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
    if (this.#isDemoted) this.#followPrimary();
    return answer;
  }

  /** A write was taken: a new primary stands. A demoted server keeps its subscribers, so they are moved. */
  #followPrimary(): void {
    this.#isDemoted = false;
    this.#connections?.subscriber.redis.disconnect(true);
    this.#connections?.alive.redis.disconnect(true);
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
