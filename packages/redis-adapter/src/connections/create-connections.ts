import type { ResolvedRedisOptions } from "../options.ts";
import { connectToCluster } from "./cluster.ts";
import { isClusterClient } from "./cluster-source.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToSingle } from "./single.ts";

/** Tells whether the options name a Redis Cluster. */
export const isOnCluster = (options: ResolvedRedisOptions): boolean =>
  "cluster" in options || ("client" in options && isClusterClient(options.client));

/** Makes the connections that the options ask for, without connecting them. `home` is a key of the cluster's own slot. */
export const createConnections = (
  context: ConnectionsContext,
  home: string,
): Promise<Connections> =>
  isOnCluster(context.options) ? connectToCluster(context, home) : connectToSingle(context);
