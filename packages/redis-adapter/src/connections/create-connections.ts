import { connectToCluster } from "./cluster.ts";
import { isOnCluster } from "./cluster-source.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToSingle } from "./single.ts";

/** Makes the connections that the options ask for, without connecting them. `home` is a key of the cluster's own slot. */
export const createConnections = (
  context: ConnectionsContext,
  home: string,
): Promise<Connections> =>
  isOnCluster(context.options) ? connectToCluster(context, home) : connectToSingle(context);
