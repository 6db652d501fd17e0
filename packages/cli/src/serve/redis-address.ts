/** The address of Redis as one word: a URL of one server, of Sentinels, or of some servers of a Redis Cluster. */
import type { RedisBackendOptions } from "@muster/redis-adapter";
import { usageError } from "../cli-error.ts";
import { parseSentinelAddress } from "./sentinel-address.ts";
import { parseServers } from "./server-list.ts";

const ofCluster = /^(rediss?)\+cluster:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@?#\s]+)\/?$/;

/** What `redisBackend` takes for this address. @throws CliError `USAGE` */
export const parseRedisAddress = (address: string): RedisBackendOptions => {
  if (/^rediss?\+cluster:/.test(address)) {
    const [, scheme, username, password, hosts] = ofCluster.exec(address) ?? [];
    const cluster = parseServers(hosts);
    if (!cluster) {
      throw usageError(
        "the address of the Redis Cluster cannot be read",
        "Write it as redis+cluster://host1:6379,host2:6379",
      );
    }
    return {
      cluster,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(scheme === "rediss" && { tls: true }),
    };
  }
  if (/^rediss?\+sentinel:/.test(address)) return parseSentinelAddress(address);
  let protocol: string;
  try {
    ({ protocol } = new URL(address));
  } catch {
    throw usageError("the address of Redis is no URL", "Write it as redis://host:6379");
  }
  if (protocol === "redis:" || protocol === "rediss:") return { url: address };
  throw usageError(
    "the address of Redis must begin with redis:// or rediss://, of Sentinels with redis+sentinel:// or rediss+sentinel://, of a Redis Cluster with redis+cluster:// or rediss+cluster://",
  );
};

/** The address as it may be shown. */
export const withoutPassword = (address: string): string =>
  address
    .replace(/^([^/]*:\/\/[^:@/]*):[^/]*@/, "$1:***@")
    .replace(/([?&]sentinel-password=)[^&]*/g, "$1***")
    .replace(/\/$/, "");
