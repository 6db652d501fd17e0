/** One Redis: by URL, by host and port, or by the settings of an ioredis client of the user's. */
import { Redis } from "ioredis";
import { isClusterClient } from "./cluster-source.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToOne } from "./one-server.ts";
import { firstPassword, passwordOf } from "./passwords.ts";
import type { Settings } from "./settings.ts";

/** Makes the connections without connecting them; asks for the password first. */
export const connectToSingle = async (context: ConnectionsContext): Promise<Connections> => {
  const { options } = context;
  const password = await firstPassword(passwordOf(options));
  const create = (base: Settings): Redis => {
    if ("client" in options && !isClusterClient(options.client))
      return options.client.duplicate(base);
    if ("client" in options || "cluster" in options || "sentinels" in options)
      throw new TypeError("These options name several servers.");
    const { username, tls, db } = options;
    const full: Settings = {
      ...base,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(db !== undefined && { db }),
      ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls }),
    };
    return "url" in options
      ? new Redis(options.url, full)
      : new Redis({ ...full, host: options.host, port: options.port ?? 6379 });
  };
  return connectToOne(context, "redis", create);
};
