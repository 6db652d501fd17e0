/**
 * A Redis Cluster. Commands go to the primary of their slot, hints by sharded channels; the roles of
 * the connections are those of one server, each to as many primaries as it needs: heartbeat and
 * alive subscription to that of the cluster's own slot alone.
 */
import { Redis } from "ioredis";
import { Link, type LinkOptions } from "../link.ts";
import { loadScripts } from "../script-runner.ts";
import { ClusterMap } from "./cluster-map.ts";
import { clusterSource } from "./cluster-source.ts";
import { ClusterSubscriber } from "./cluster-subscriber.ts";
import { ClusterWire } from "./cluster-wire.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { firstPassword, passwordOf, rotatePassword } from "./passwords.ts";
import { splitAddress } from "./redirection.ts";
import { ReplicatedWire } from "./replicated-wire.ts";
import { type Settings, settings } from "./settings.ts";

/** Hints may be missed for so long before the backend counts as away: what they tell is swept for. */
const hintsAwayMs = 1_000;

/** Makes the connections without connecting them; asks for the password first. `home` is a key of the cluster's own slot. */
export const connectToCluster = async (
  context: ConnectionsContext,
  home: string,
): Promise<Connections> => {
  const { clock, random, logger, options } = context;
  const { commandTimeoutMs, heartbeatTimeoutMs } = options;
  const source = clusterSource(options);
  const rotating = passwordOf(options);
  const password = await firstPassword(rotating);
  const given: Settings = {
    ...source.settings,
    ...(password !== undefined && { password }),
  };
  const make = (
    address: string,
    role: string,
    { timeoutMs, ...link }: LinkOptions,
    over: Settings = {},
  ): Link => {
    const base = settings(context, role, timeoutMs);
    const redis = new Redis({ ...given, ...base, ...over, ...splitAddress(address) });
    rotatePassword(redis, rotating);
    return new Link(redis, { timeoutMs, ...link }, clock);
  };
  const waiting = { waitMs: 0, timeoutMs: commandTimeoutMs, coalesce: true };
  const never = { waitMs: 0, timeoutMs: commandTimeoutMs, coalesce: false };

  const map = new ClusterMap({
    seeds: source.seeds,
    clock,
    random,
    translate: source.translate,
    ask: async (address) => {
      const link = control.links.get(address);
      await link.whenReady(Math.min(1_000, commandTimeoutMs));
      return link.call("CLUSTER SLOTS", "cluster", ["slots"]);
    },
  });
  const wire = { map, clock, translate: source.translate };
  const control: ClusterWire = new ClusterWire({
    ...wire,
    patienceMs: commandTimeoutMs,
    waits: true,
    make: (address) => make(address, "control", waiting),
    ready: (link) => void loadScripts(link, true).catch(() => {}),
  });
  const returned = new Set<() => void>();
  const tellReturned = () => {
    for (const listener of returned) listener();
  };
  const heartbeat = new ClusterWire({
    ...wire,
    patienceMs: heartbeatTimeoutMs,
    waits: false,
    make: (address) =>
      make(
        address,
        "heartbeat",
        { ...never, timeoutMs: heartbeatTimeoutMs },
        { enableOfflineQueue: false },
      ),
    ready: tellReturned,
  });
  const { durability } = options;
  const durableMs = commandTimeoutMs + (durability?.timeoutMs ?? 0);
  const durable =
    durability &&
    new ClusterWire({
      ...wire,
      patienceMs: durableMs,
      waits: true,
      make: (address) => make(address, "durable", { ...waiting, timeoutMs: durableMs }),
      ready: () => {},
    });
  const subscriber = { map, clock, logger, timeoutMs: commandTimeoutMs };
  const hints = new ClusterSubscriber({
    ...subscriber,
    make: (address) => make(address, "subscriber", never),
  });
  const alive = new ClusterSubscriber({
    ...subscriber,
    make: (address) => make(address, "alive", never, { enableReadyCheck: false }),
  });
  alive.onRestored(tellReturned);

  return {
    mode: "cluster",
    control,
    heartbeat,
    ...(durable && durability && { replicated: new ReplicatedWire(durable, durability) }),
    hints,
    alive,
    open: async () => {
      await map.read();
      // A beat is never kept waiting, so its connection has to be there before the first one.
      const owner = map.ownerOf(home);
      if (owner !== undefined) await heartbeat.links.get(owner).whenReady(commandTimeoutMs);
    },
    close: () => {
      map.end();
      for (const each of [control, heartbeat, durable]) each?.close();
      for (const each of [hints, alive]) each.end();
    },
    isReachable: () =>
      control.isReadyFor(home) &&
      heartbeat.isReadyFor(home) &&
      (durable?.isReadyFor(home) ?? true) &&
      hints.awayMs(home) < hintsAwayMs &&
      alive.awayMs(home) < hintsAwayMs,
    primaries: () =>
      map.current.primaries.map((address) => ({
        name: address,
        call: (op, command, args) => control.callAt(address, op, command, args),
      })),
    uncoveredSlots: () => map.current.uncovered,
    publish: (channel, bytes) =>
      control.call("publish", "spublish", [channel, bytes], undefined, channel),
    onReturn: (listener) => void returned.add(listener),
  };
};
