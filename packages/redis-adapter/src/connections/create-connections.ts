import type { ResolvedRedisOptions } from "../options.ts";
import { connectToCluster } from "./cluster.ts";
import { isOnCluster } from "./cluster-source.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToSentinels } from "./sentinel.ts";
import { sentinelSource } from "./sentinel-source.ts";
import { connectToSingle } from "./single.ts";

/** What the options name, before anything is connected. */
export const modeOf = (options: ResolvedRedisOptions): Connections["mode"] => {
  if (isOnCluster(options)) return "cluster";
  return sentinelSource(options) ? "sentinel" : "redis";
};

/** Makes the connections that the options ask for, without connecting them. `home` is a key of the cluster's own slot. */
export const createConnections = (
  context: ConnectionsContext,
  home: string,
): Promise<Connections> => {
  if (isOnCluster(context.options)) return connectToCluster(context, home);
  const source = sentinelSource(context.options);
  return source ? connectToSentinels(context, source) : connectToSingle(context);
};
