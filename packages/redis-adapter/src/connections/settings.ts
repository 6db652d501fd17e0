/** Settings of ioredis that every connection has, in every topology. */
import type { RedisOptions } from "ioredis";
import type { ConnectionsContext } from "./connections.ts";

export type Settings = Omit<RedisOptions, "replyMapping">;

/** A half-open socket is dead for ever unless silence while answers are due ends it. */
const socketTimeoutFactor = 1.4;
const longestRetryMs = 500;

/** 2 ms at first, so that a cut alive subscription is back before anybody believes its absence. */
export const retryDelay = (attempt: number, draw: number): number =>
  Math.round(Math.min(longestRetryMs, 2 ** Math.min(attempt, 16)) * (1 - 0.2 * draw));

/** `role` is the last part of the name that CLIENT LIST shows. */
export const settings = (
  context: ConnectionsContext,
  role: string,
  timeoutMs: number,
): Settings => ({
  lazyConnect: true,
  connectionName: `${context.name}:${role}`,
  // Safe, as every script checks number, claim and history itself; off, promises would never settle.
  autoResendUnfulfilledCommands: true,
  maxRetriesPerRequest: null,
  commandTimeout: timeoutMs,
  socketTimeout: Math.round(timeoutMs * socketTimeoutFactor),
  connectTimeout: timeoutMs,
  // How long to wait before asking again whether a server that restarted has loaded its data.
  maxLoadingRetryTime: 50,
  retryStrategy: (attempt) => retryDelay(attempt, context.random.draw()),
  enableAutoPipelining: false,
  autoResubscribe: false,
  disableClientInfo: true,
  keyPrefix: "",
  stringNumbers: false,
  showFriendlyErrorStack: false,
});
