/** Options of the Redis backend: types, defaults, validation with one sentence per broken rule. */

import type { ConnectionOptions } from "node:tls";
import { MusterError } from "@muster/core";
import type { Redis } from "ioredis";

interface CommonOptions {
  /** First part of every key and channel. @defaultValue "muster" */
  readonly keyPrefix?: string;
  /** A call that takes longer is rejected, its outcome unknown. In milliseconds. @defaultValue 2000 */
  readonly commandTimeoutMs?: number;
  /** A heartbeat that takes longer counts as missed. In milliseconds. @defaultValue 1000 */
  readonly heartbeatTimeoutMs?: number;
  /** Accepts a server that may evict keys under memory pressure, with a standing alert. @defaultValue false */
  readonly allowEviction?: boolean;
}

interface Credentials {
  readonly username?: string;
  /** A function is asked again before each connection, so that passwords may rotate. */
  readonly password?: string | (() => Promise<string>);
  /** `true` or options of node:tls. */
  readonly tls?: boolean | ConnectionOptions;
  /** Database index. @defaultValue 0 */
  readonly db?: number;
}

/** Where the server is: one URL, host and port, or the settings of an ioredis client of your own. */
export type RedisBackendOptions = CommonOptions &
  (
    | (Credentials & { readonly url: string })
    | (Credentials & { readonly host: string; readonly port?: number })
    /** Its settings are used for connections of our own; the client itself is left alone. */
    | { readonly client: Redis }
  );

export const defaultRedisOptions = Object.freeze({
  keyPrefix: "muster",
  commandTimeoutMs: 2_000,
  heartbeatTimeoutMs: 1_000,
  allowEviction: false,
});

export type ResolvedRedisOptions = RedisBackendOptions & Required<CommonOptions>;

const rules: readonly {
  readonly field: string;
  readonly holds: (options: ResolvedRedisOptions) => boolean;
  readonly sentence: string;
}[] = [
  {
    field: "url",
    holds: (options) => ["url", "host", "client"].filter((field) => field in options).length === 1,
    sentence: "Give exactly one of url, host and client.",
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
];

/** @throws MusterError `OPTIONS_INVALID` */
export const resolveRedisOptions = (options: RedisBackendOptions): ResolvedRedisOptions => {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const resolved = { ...defaultRedisOptions, ...given } as ResolvedRedisOptions;
  const broken = rules.filter(({ holds }) => !holds(resolved));
  if (broken.length === 0) return resolved;
  throw new MusterError("OPTIONS_INVALID", broken.map(({ sentence }) => sentence).join(" "), {
    op: "redisBackend",
    fieldErrors: Object.fromEntries(broken.map(({ field, sentence }) => [field, sentence])),
  });
};
