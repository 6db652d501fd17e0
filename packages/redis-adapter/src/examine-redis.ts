/** Looks at a Redis as a node would find it, without any node. */
import { isMusterError } from "@muster/core";
import {
  BackendUnavailable,
  type Incarnation,
  type NodeId,
  type Precondition,
  silentLogger,
  systemClock,
  systemRandom,
} from "@muster/core/ports";
import { isOnCluster } from "./connections/cluster-source.ts";
import { createConnections } from "./connections/create-connections.ts";
import { examine } from "./examine.ts";
import { createKeys } from "./keys.ts";
import { type RedisBackendOptions, resolveRedisOptions } from "./options.ts";
import { explained } from "./redis-backend.ts";
import { RedisBus } from "./redis-bus.ts";

/** What connecting came to. */
const unreachable = (error: unknown): Precondition => ({
  id: "redis-mode",
  title: "Connection",
  state: "bad",
  message: error instanceof Error ? error.message : "The server cannot be reached.",
  remedy:
    (isMusterError(error) && error.hint) ||
    "Check address, port, TLS, user and password, and the network between.",
});

/**
 * Connects to Redis and looks at every precondition of a node on it; keeps nothing there.
 * Never rejects for what is wrong with the server: that is what it tells.
 * @throws MusterError `OPTIONS_INVALID`
 */
export const examineRedis = async (
  given: RedisBackendOptions,
  { cluster = "doctor" }: { readonly cluster?: string } = {},
): Promise<readonly Precondition[]> => {
  const options = resolveRedisOptions(given);
  const keys = createKeys(options.keyPrefix, cluster, isOnCluster(options));
  const [clock, random, logger] = [systemClock, systemRandom, silentLogger];
  const nodeId = `doctor-${random.id().toLowerCase()}` as NodeId & Incarnation;
  const context = {
    options,
    name: `${options.keyPrefix}:${cluster}:${nodeId}`,
    clock,
    random,
    logger,
  };
  let connections: Awaited<ReturnType<typeof createConnections>> | undefined;
  try {
    connections = await createConnections(context, keys.cluster.meta).catch((error: unknown) => {
      throw new BackendUnavailable("open", error);
    });
    await connections.open();
    const opened = connections;
    const bus = new RedisBus({
      channels: keys.channels,
      nodeId,
      shardCount: () => 1,
      logger,
      subscriber: () => opened.hints,
      publish: (channel, bytes) => opened.publish(channel, bytes),
    });
    bus.attach(opened.hints);
    return await examine({ connections, keys, options, bus, clock, random });
  } catch (error) {
    return [unreachable(explained(keys, options, error))];
  } finally {
    connections?.close();
  }
};
