/** Options of the Redis backend: types, defaults, validation with one sentence per broken rule. */

import type { ConnectionOptions } from "node:tls";
import { MusterError } from "@muster/core";
import type { Cluster, Redis } from "ioredis";
import type { Durability } from "./connections/replicated-wire.ts";
import { serverAddress } from "./connections/server-address.ts";

interface CommonOptions {
  /** First part of every key and channel. @defaultValue "muster" */
  readonly keyPrefix?: string;
  /** A call that takes longer is rejected, its outcome unknown. In milliseconds. @defaultValue 2000 */
  readonly commandTimeoutMs?: number;
  /** A heartbeat that takes longer counts as missed. In milliseconds. @defaultValue 1000 */
  readonly heartbeatTimeoutMs?: number;
  /** Accepts a server that may evict keys under memory pressure, with a standing alert. @defaultValue false */
  readonly allowEviction?: boolean;
  /**
   * Waits until so many replicas have a command or a commit before anybody hears of it, for at most
   * `timeoutMs` milliseconds (500 by default, at most half of `commandTimeoutMs`). When it comes to
   * fewer, callers are told that the outcome is unknown. Makes losses by a fail-over rarer, never
   * impossible. @defaultValue the primary alone acknowledges
   */
  readonly durability?: { readonly replicas: number; readonly timeoutMs?: number };
}

/** A function is asked again before each connection, so that passwords may rotate. */
export type Password = string | (() => Promise<string>);

interface Credentials {
  readonly username?: string;
  readonly password?: Password;
  /** `true` or options of node:tls. */
  readonly tls?: boolean | ConnectionOptions;
}

interface Database {
  /** Database index. @defaultValue 0 */
  readonly db?: number;
}

/** A server: `host:port`, or both apart. @defaultValue port 6379, of a Sentinel 26379 */
export type ServerAddress = string | { readonly host: string; readonly port?: number };

/** Where a server is reached whose own address, as `host:port`, does not lead there from here. */
export type NatMap =
  | Readonly<Record<string, { readonly host: string; readonly port: number }>>
  | ((address: string) => { readonly host: string; readonly port: number } | null | undefined);

/** Sentinels that watch one primary and its replicas; they have a log-in of their own. */
interface SentinelSet {
  /** All of them: one that is not named is not asked. */
  readonly sentinels: readonly ServerAddress[];
  /** What the Sentinels call the primary, such as `mymaster`. */
  readonly name: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: Password;
  /** TLS to the Sentinels: `true` or options of node:tls. @defaultValue false */
  readonly sentinelTls?: boolean | ConnectionOptions;
  readonly natMap?: NatMap;
}

/**
 * Where the server is: one URL, host and port, the Sentinels that know it, some servers of a Redis
 * Cluster, or the settings of an ioredis client of your own.
 */
export type RedisBackendOptions = CommonOptions &
  (
    | (Credentials & Database & { readonly url: string })
    | (Credentials & Database & { readonly host: string; readonly port?: number })
    /** Username, password, TLS and database are those of the servers that hold the data. */
    | (Credentials & Database & SentinelSet)
    /** The other servers of the Cluster are found by these. */
    | (Credentials & { readonly cluster: readonly ServerAddress[]; readonly natMap?: NatMap })
    /** Its settings are used for connections of our own; the client itself is left alone. */
    | { readonly client: Redis | Cluster }
  );

export const defaultRedisOptions = Object.freeze({
  keyPrefix: "muster",
  commandTimeoutMs: 2_000,
  heartbeatTimeoutMs: 1_000,
  allowEviction: false,
});

export type ResolvedRedisOptions = RedisBackendOptions &
  Required<Omit<CommonOptions, "durability">> & { readonly durability?: Durability };

/** How long replicas are waited for, in milliseconds, unless said otherwise. */
const durableMs = 500;

const areAddresses = (given: unknown): boolean =>
  Array.isArray(given) &&
  given.length > 0 &&
  given.every((each: unknown) => {
    const isAddress = typeof each === "string" || (typeof each === "object" && each !== null);
    if (!isAddress || (typeof each !== "string" && !("host" in each))) return false;
    // A name, or an IPv6 address, which has at least two colons.
    const address = serverAddress(each as ServerAddress);
    const [, port] = /^(?:[^\s/@:]+|[\da-f.]*(?::[\da-f.]*){2,}):(\d{1,5})$/i.exec(address) ?? [];
    return Number(port) > 0 && Number(port) < 65_536;
  });

/** What redis.conf takes as a name. */
const isName = (given: unknown): boolean =>
  typeof given === "string" && /^[A-Za-z0-9._-]+$/.test(given);

const rules: readonly {
  readonly field: string;
  readonly holds: (options: ResolvedRedisOptions) => boolean;
  readonly sentence: string;
}[] = [
  {
    field: "url",
    holds: (options) =>
      ["url", "host", "sentinels", "cluster", "client"].filter((field) => field in options)
        .length === 1,
    sentence: "Give exactly one of url, host, sentinels, cluster and client.",
  },
  {
    field: "sentinels",
    holds: (options) => !("sentinels" in options) || areAddresses(options.sentinels),
    sentence: "sentinels is a list of at least one host:port.",
  },
  {
    field: "name",
    holds: (options) => !("sentinels" in options) || isName(options.name),
    sentence: "name is what the Sentinels call the primary, such as mymaster.",
  },
  {
    field: "cluster",
    holds: (options) => !("cluster" in options) || areAddresses(options.cluster),
    sentence: "cluster is a list of at least one host:port.",
  },
  {
    field: "db",
    holds: (options) => !("cluster" in options && "db" in options && options.db !== 0),
    sentence: "A Redis Cluster has no databases beside 0.",
  },
  {
    field: "url",
    holds: (options) =>
      !("url" in options) || (typeof options.url === "string" && /^rediss?:\/\//.test(options.url)),
    sentence: "url begins with redis:// or rediss://.",
  },
  {
    field: "keyPrefix",
    holds: ({ keyPrefix }) => /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(keyPrefix),
    sentence: "keyPrefix is 1 to 64 letters, digits, dots, colons, dashes or underscores.",
  },
  {
    field: "commandTimeoutMs",
    holds: ({ commandTimeoutMs }) => Number.isFinite(commandTimeoutMs) && commandTimeoutMs >= 50,
    sentence: "commandTimeoutMs is at least 50.",
  },
  {
    field: "heartbeatTimeoutMs",
    holds: ({ heartbeatTimeoutMs }) =>
      Number.isFinite(heartbeatTimeoutMs) && heartbeatTimeoutMs >= 50,
    sentence: "heartbeatTimeoutMs is at least 50.",
  },
  {
    field: "durability.replicas",
    holds: ({ durability }) =>
      !durability || (Number.isSafeInteger(durability.replicas) && durability.replicas >= 1),
    sentence: "durability.replicas is a whole number of at least 1.",
  },
  {
    field: "durability.timeoutMs",
    holds: ({ durability, commandTimeoutMs }) =>
      !durability ||
      (Number.isSafeInteger(durability.timeoutMs) &&
        durability.timeoutMs >= 1 &&
        durability.timeoutMs <= commandTimeoutMs / 2),
    sentence: "durability.timeoutMs is a whole number from 1 to half of commandTimeoutMs.",
  },
];

/** @throws MusterError `OPTIONS_INVALID` */
export const resolveRedisOptions = (options: RedisBackendOptions): ResolvedRedisOptions => {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const { durability } = options;
  const resolved = {
    ...defaultRedisOptions,
    ...given,
    ...(durability && { durability: { timeoutMs: durableMs, ...durability } }),
  } as ResolvedRedisOptions;
  const broken = rules.filter(({ holds }) => !holds(resolved));
  if (broken.length === 0) return resolved;
  throw new MusterError("OPTIONS_INVALID", broken.map(({ sentence }) => sentence).join(" "), {
    op: "redisBackend",
    fieldErrors: Object.fromEntries(broken.map(({ field, sentence }) => [field, sentence])),
  });
};
