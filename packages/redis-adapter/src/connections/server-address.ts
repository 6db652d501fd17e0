/** Addresses of servers, as options give them and as this package writes them: `host:port`. */
import type { NatMap, ServerAddress } from "../options.ts";

export const redisPort = 6_379;
export const sentinelPort = 26_379;

/** Host and port of an entry, which may lack the port. */
export const serverAddress = (given: ServerAddress, defaultPort: number = redisPort): string => {
  if (typeof given !== "string") return `${given.host}:${given.port ?? defaultPort}`;
  const [, host, port = defaultPort] = /^\[(.*)\](?::(\d+))?$/.exec(given) ?? [];
  if (host !== undefined) return `${host}:${port}`;
  return /:\d+$/.test(given) ? given : `${given}:${defaultPort}`;
};

/** Where an address that servers tell is reached from here. */
export const translator =
  (natMap: NatMap | undefined) =>
  (address: string): string => {
    const there = typeof natMap === "function" ? natMap(address) : natMap?.[address];
    return there ? `${there.host}:${there.port}` : address;
  };
