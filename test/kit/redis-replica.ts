/** A replica of a private redis-server, private itself. */
import { type RedisServer, type RedisServerOptions, startRedisServer } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

/** What a primary is started with so that its replicas are given the data at once. */
export const primaryArgs: readonly string[] = ["--repl-diskless-sync-delay", "0"];

/** Starts a replica; {@link caughtUp} tells when it has the data. */
export const startReplica = (
  primary: Pick<RedisServer, "port">,
  options: RedisServerOptions = {},
): Promise<RedisServer> =>
  startRedisServer({
    ...options,
    args: [
      ...primaryArgs,
      "--replicaof",
      "127.0.0.1",
      String(primary.port),
      ...(options.args ?? []),
    ],
  });

/** Waits until a replica has what was written up to now. */
export const caughtUp = async (primary: RedisServer, replica: RedisServer): Promise<void> => {
  const mark = String(performance.now());
  await primary.command("SET", "test:mark", mark);
  await waitUntil(
    "the replica has everything",
    () => replica.command("GET", "test:mark"),
    (had) => had === mark,
  );
};
