/** The address of a primary that Sentinels watch, as one word. */
import type { RedisBackendOptions } from "@muster/redis-adapter";
import { usageError } from "../cli-error.ts";
import { parseServers } from "./server-list.ts";

const shape =
  /^(rediss?)\+sentinel:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@?#\s]+)\/([A-Za-z0-9._-]+)(?:\/(\d{1,5}))?\/?(?:\?([^#\s]*))?$/;
const known = ["sentinel-username", "sentinel-password", "sentinel-tls"];

const unreadable = () =>
  usageError(
    "the address of the Sentinels cannot be read",
    "Write it as redis+sentinel://host1:26379,host2:26379/NAME, NAME being what they call the primary",
  );

/** Log-in of the Sentinels, which is none of the servers'. */
const ofSentinels = (query: string, tls: boolean) => {
  const given = new URLSearchParams(query);
  if ([...given.keys()].some((key) => !known.includes(key))) {
    throw usageError(
      "the address of the Sentinels has a part that nobody knows",
      `Behind the question mark stand ${known.join(", ")}`,
    );
  }
  const [username, password, asked] = known.map((key) => given.get(key) ?? undefined);
  if (asked !== undefined && asked !== "yes" && asked !== "no")
    throw usageError("sentinel-tls is yes or no", "Without it is as for the servers");
  return {
    ...(username && { sentinelUsername: username }),
    ...(password && { sentinelPassword: password }),
    ...((asked === undefined ? tls : asked === "yes") && { sentinelTls: true }),
  };
};

/** What `redisBackend` takes for this address. @throws CliError `USAGE` */
export const parseSentinelAddress = (address: string): RedisBackendOptions => {
  const [, scheme, username, password, hosts, name, db, query = ""] = shape.exec(address) ?? [];
  const sentinels = parseServers(hosts);
  if (!sentinels || name === undefined) throw unreadable();
  const tls = scheme === "rediss";
  return {
    sentinels,
    name,
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db !== undefined && { db: Number(db) }),
    ...(tls && { tls }),
    ...ofSentinels(query, tls),
  };
};
