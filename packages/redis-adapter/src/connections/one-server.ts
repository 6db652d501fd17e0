/**
 * The four connections of a node to one server. Control carries the stores' calls; the heartbeat,
 * the subscriber and the alive subscription each have their own, since Redis cuts connections that
 * lag behind, and the last must vanish only with the process. A fifth carries what replicas are
 * waited for.
 */
import type { Redis } from "ioredis";
import { Link } from "../link.ts";
import { loadScripts } from "../script-runner.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { LinkSubscriber } from "./link-subscriber.ts";
import { passwordOf, rotatePassword } from "./passwords.ts";
import { overLink, ReplicatedWire } from "./replicated-wire.ts";
import { type Settings, settings } from "./settings.ts";

/** Hints may be missed for so long before the backend counts as away: what they tell is swept for. */
const hintsAwayMs = 1_000;

/** Leaves a demoted server once for each connection: every command under way is refused alike. */
const leaveDemoted = (redis: Redis, demoted: () => void): void => {
  let isLeaving = false;
  redis.on("close", () => {
    isLeaving = false;
  });
  redis.options.reconnectOnError = (error) => {
    if (isLeaving || !/^(READONLY|MASTERDOWN)/.test(error.message)) return false;
    isLeaving = true;
    demoted();
    return true;
  };
};

/** Makes the connections without connecting them; `create` makes one of ioredis. */
export const connectToOne = (
  context: ConnectionsContext,
  mode: "redis" | "sentinel",
  create: (settings: Settings) => Redis,
): Connections => {
  const { clock, logger, options } = context;
  const { commandTimeoutMs, heartbeatTimeoutMs } = options;
  /** Set while subscriptions may stand at a server that was demoted. */
  let isDemoted = false;
  const make = (role: string, timeoutMs: number, over: Settings = {}): Redis => {
    const redis = create({ ...settings(context, role, timeoutMs), ...over });
    leaveDemoted(redis, () => {
      // Under Sentinels all follow the one that finds the new primary first.
      isDemoted = mode === "redis";
    });
    rotatePassword(redis, passwordOf(options));
    return redis;
  };
  const waiting = { waitMs: commandTimeoutMs, timeoutMs: commandTimeoutMs, coalesce: true };
  const never = { waitMs: 0, timeoutMs: commandTimeoutMs, coalesce: false };
  const control = new Link(make("control", commandTimeoutMs), waiting, clock);
  const heartbeat = new Link(
    make("heartbeat", heartbeatTimeoutMs, { enableOfflineQueue: false }),
    { ...never, timeoutMs: heartbeatTimeoutMs },
    clock,
  );
  const subscriber = new Link(make("subscriber", commandTimeoutMs), waiting, clock);
  const alive = new Link(
    make("alive", commandTimeoutMs, { enableReadyCheck: false }),
    never,
    clock,
  );
  const { durability } = options;
  const durable =
    durability &&
    new Link(
      make("durable", commandTimeoutMs + durability.timeoutMs),
      { ...waiting, timeoutMs: commandTimeoutMs + durability.timeoutMs },
      clock,
    );
  const links = [control, heartbeat, subscriber, alive, ...(durable ? [durable] : [])];
  const subscribers = [subscriber, alive].map((link) => new LinkSubscriber(link, clock, logger));
  const [hints, ofAlive] = subscribers as [LinkSubscriber, LinkSubscriber];
  /** A write was taken: a new primary stands. A demoted server keeps its subscribers, so they are moved. */
  const followPrimary = (): void => {
    isDemoted = false;
    subscriber.redis.disconnect(true);
    alive.redis.disconnect(true);
  };
  return {
    mode,
    control,
    heartbeat: {
      sharded: false,
      call: async (op, command, args, shard) => {
        const answer = await heartbeat.call(op, command, args, shard);
        if (isDemoted) followPrimary();
        return answer;
      },
    },
    ...(durable && durability && { replicated: new ReplicatedWire(overLink(durable), durability) }),
    hints,
    alive: ofAlive,
    open: async () => {
      await Promise.all(links.map((link) => link.open()));
      control.redis.on("ready", () => void loadScripts(control).catch(() => {}));
      await loadScripts(control).catch(() => {});
      for (const each of subscribers) each.begin();
    },
    close: () => {
      for (const each of subscribers) each.end();
      for (const link of links) link.close();
    },
    isReachable: () =>
      control.isReady &&
      heartbeat.isReady &&
      (durable?.isReady ?? true) &&
      subscriber.awayMs < hintsAwayMs &&
      alive.awayMs < hintsAwayMs,
    primaries: () => [
      { name: control.address, call: (op, command, args) => control.call(op, command, args) },
    ],
    uncoveredSlots: () => 0,
    publish: (channel, bytes) => control.call("publish", "publish", [channel, bytes]),
    onReturn: (listener) => {
      heartbeat.redis.on("ready", listener);
      alive.redis.on("ready", listener);
    },
  };
};
