import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToSingle } from "./single.ts";

/** Makes the connections that the options ask for, without connecting them. */
export const createConnections = (context: ConnectionsContext): Promise<Connections> =>
  connectToSingle(context);
