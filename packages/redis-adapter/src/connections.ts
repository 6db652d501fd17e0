/**
 * The four connections of a node. Control carries the stores' calls; the heartbeat, the subscriber
 * and the alive subscription each have their own, since Redis cuts connections that lag behind, and
 * the last must vanish only with the process.
 */
import type { Clock, Random } from "@muster/core/ports";
import { Redis, type RedisOptions } from "ioredis";
import { Link } from "./link.ts";
import type { ResolvedRedisOptions } from "./options.ts";

type Settings = Omit<RedisOptions, "replyMapping">;

export interface Connections {
  readonly control: Link;
  readonly heartbeat: Link;
  readonly subscriber: Link;
  readonly alive: Link;
}

export interface ConnectionsContext {
  readonly options: ResolvedRedisOptions;
  /** Shown by CLIENT LIST, such as `muster:prod:web-1`. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Called when the server turned out to take no writes any more: it was demoted. */
  demoted(): void;
}

/** A half-open socket is dead for ever unless silence while answers are due ends it. */
const socketTimeoutFactor = 1.4;
const longestRetryMs = 500;

/** Leaves a demoted server once for each connection: every command under way is refused alike. */
const leaveDemoted = (redis: Redis, demoted: () => void): void => {
  let isLeaving = false;
  redis.on("close", () => {
    isLeaving = false;
  });
  redis.options.reconnectOnError = (error) => {
    if (isLeaving || !/^(READONLY|MASTERDOWN)/.test(error.message)) return false;
    isLeaving = true;
    demoted();
    return true;
  };
};

/** 2 ms at first, so that a cut alive subscription is back before anybody believes its absence. */
export const retryDelay = (attempt: number, draw: number): number =>
  Math.round(Math.min(longestRetryMs, 2 ** Math.min(attempt, 16)) * (1 - 0.2 * draw));

const settings = (context: ConnectionsContext, role: string, timeoutMs: number): Settings => ({
  lazyConnect: true,
  connectionName: `${context.name}:${role}`,
  // Safe, as every script checks number, claim and history itself; off, promises would never settle.
  autoResendUnfulfilledCommands: true,
  maxRetriesPerRequest: null,
  commandTimeout: timeoutMs,
  socketTimeout: Math.round(timeoutMs * socketTimeoutFactor),
  connectTimeout: timeoutMs,
  // How long to wait before asking again whether a server that restarted has loaded its data.
  maxLoadingRetryTime: 50,
  retryStrategy: (attempt) => retryDelay(attempt, context.random.draw()),
  enableAutoPipelining: false,
  autoResubscribe: false,
  disableClientInfo: true,
  keyPrefix: "",
  stringNumbers: false,
  showFriendlyErrorStack: false,
});

const create = (options: ResolvedRedisOptions, base: Settings, password?: string): Redis => {
  if ("client" in options) return options.client.duplicate(base);
  const { username, tls, db } = options;
  const full: Settings = {
    ...base,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(db !== undefined && { db }),
    ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls }),
  };
  return "url" in options
    ? new Redis(options.url, full)
    : new Redis({ ...full, host: options.host, port: options.port ?? 6379 });
};

/** Asks for the password anew whenever the connection closed; the next attempts use the answer. */
const rotatePassword = (redis: Redis, ask: () => Promise<string>): void => {
  redis.on("close", () => {
    ask().then(
      (password) => {
        redis.options.password = password;
      },
      (error: unknown) => redis.emit("error", error),
    );
  });
};

/** Makes the connections without connecting them; asks for the password first. */
export const createConnections = async (context: ConnectionsContext): Promise<Connections> => {
  const { options, clock } = context;
  const given = "client" in options ? undefined : options.password;
  const password = typeof given === "function" ? await given() : given;
  const { commandTimeoutMs, heartbeatTimeoutMs } = options;
  const make = (role: string, timeoutMs: number, over: Settings = {}): Redis => {
    const redis = create(options, { ...settings(context, role, timeoutMs), ...over }, password);
    leaveDemoted(redis, context.demoted);
    if (typeof given === "function") rotatePassword(redis, given);
    return redis;
  };
  const waiting = { waitMs: commandTimeoutMs, timeoutMs: commandTimeoutMs, coalesce: true };
  const never = { waitMs: 0, timeoutMs: commandTimeoutMs, coalesce: false };
  return {
    control: new Link(make("control", commandTimeoutMs), waiting, clock),
    heartbeat: new Link(
      make("heartbeat", heartbeatTimeoutMs, { enableOfflineQueue: false }),
      { ...never, timeoutMs: heartbeatTimeoutMs },
      clock,
    ),
    subscriber: new Link(make("subscriber", commandTimeoutMs), waiting, clock),
    alive: new Link(make("alive", commandTimeoutMs, { enableReadyCheck: false }), never, clock),
  };
};
