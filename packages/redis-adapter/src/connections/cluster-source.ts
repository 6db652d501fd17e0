/** Where to find a Redis Cluster and how to log in, out of the user's options. */
import type { Cluster, RedisOptions } from "ioredis";
import type { NatMap, ResolvedRedisOptions } from "../options.ts";
import { redisPort, serverAddress, translator } from "./server-address.ts";
import type { Settings } from "./settings.ts";

export interface ClusterSource {
  /** Servers to ask first, as host and port. */
  readonly seeds: readonly string[];
  /** What every connection has beside our own settings. */
  readonly settings: Settings;
  /** Where an address that servers tell is reached from here. */
  translate(address: string): string;
}

/** Tells a client of a Cluster from one of a single server. */
export const isClusterClient = (client: object): client is Cluster =>
  "isCluster" in client && client.isCluster === true;

/** Tells whether the options name a Redis Cluster. */
export const isOnCluster = (options: ResolvedRedisOptions): boolean =>
  "cluster" in options || ("client" in options && isClusterClient(options.client));

const startupNodes = (client: Cluster): readonly string[] => {
  const known = client.nodes("all").map(({ options: { host, port } }) => `${host}:${port}`);
  const { startupNodes: given } = client as unknown as { readonly startupNodes?: unknown };
  const begun = (Array.isArray(given) ? given : []).flatMap((node: unknown) => {
    if (typeof node === "number") return [`127.0.0.1:${node}`];
    if (typeof node === "string") {
      const { hostname, port } = new URL(node.includes("://") ? node : `redis://${node}`);
      return [`${hostname}:${port === "" ? redisPort : port}`];
    }
    const { host = "127.0.0.1", port = redisPort } = node as { host?: string; port?: number };
    return [`${host}:${port}`];
  });
  return [...new Set([...known, ...begun])];
};

export const clusterSource = (options: ResolvedRedisOptions): ClusterSource => {
  if ("cluster" in options) {
    const { username, tls, natMap } = options;
    return {
      seeds: options.cluster.map((each) => serverAddress(each)),
      settings: {
        ...(username !== undefined && { username }),
        ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls }),
      },
      translate: translator(natMap),
    };
  }
  if ("client" in options && isClusterClient(options.client)) {
    const { redisOptions = {}, natMap } = options.client.options;
    // Replies come in the shape that our reading expects, whatever the user's client asks for.
    const { replyMapping: _, ...settings } = redisOptions as RedisOptions;
    return {
      seeds: startupNodes(options.client),
      settings,
      translate: translator(natMap as NatMap | undefined),
    };
  }
  throw new TypeError("These options name no Cluster.");
};
