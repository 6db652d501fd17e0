/**
 * What a node holds open to Redis, whatever its topology: each has its own file, and nothing else of
 * this package knows which one it is.
 */
import type { BackendFinding, Clock, Logger, Random, ShardId } from "@muster/core/ports";
import type { Argument, Reply } from "../link.ts";
import type { ResolvedRedisOptions } from "../options.ts";
import type { ReplicatedWire } from "./replicated-wire.ts";

export interface ConnectionsContext {
  readonly options: ResolvedRedisOptions;
  /** Shown by CLIENT LIST, such as `muster:prod:web-1`. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Takes commands to the server that holds a key. */
export interface Wire {
  /** True where channels belong to slots: scripts publish there by SPUBLISH. */
  readonly sharded: boolean;
  /**
   * Sends one command; bytes come back as Buffers. `key`, a key or a channel, decides which server
   * is asked; a command without one goes to any.
   * @throws BackendUnavailable
   */
  call(
    op: string,
    command: string,
    args: readonly Argument[],
    shard?: ShardId,
    key?: string,
  ): Promise<Reply>;
}

/** Subscriptions over connections of their own, which come back by themselves. */
export interface Subscriber {
  /** Resolves when the subscription stands; afterwards it is renewed after every cut. @throws BackendUnavailable */
  subscribe(channels: readonly string[]): Promise<void>;
  /** Never rejects. */
  unsubscribe(channels: readonly string[]): Promise<void>;
  onMessage(listener: (channel: string, bytes: Buffer) => void): void;
  /** Calls back once subscriptions that had been gone stand again: messages may have been missed. */
  onRestored(listener: () => void): void;
}

/** A primary, as the preflight looks at it. */
export interface Primary {
  /** Host and port. */
  readonly name: string;
  call(op: string, command: string, args: readonly Argument[]): Promise<Reply>;
}

export interface Connections {
  readonly mode: "redis" | "sentinel" | "cluster";
  /** Carries the stores' calls. */
  readonly control: Wire;
  /** Carries heartbeats alone; queues nothing. */
  readonly heartbeat: Wire;
  /** Carries writes that replicas must have; there only with a durability. */
  readonly replicated?: ReplicatedWire;
  /** Hints, which may come in bulk. */
  readonly hints: Subscriber;
  /** The alive subscription alone: it vanishes only with the process. */
  readonly alive: Subscriber;
  /** @throws BackendUnavailable when no server can be reached or it refuses us */
  open(): Promise<void>;
  /** Ends everything; pending calls reject. Safe to call twice. */
  close(): void;
  /** True while commands, heartbeats and hints can be expected to arrive. */
  isReachable(): boolean;
  /** The servers that hold the data, at least one. */
  primaries(): readonly Primary[];
  /** What stands against the servers beside the primaries, by now. */
  findings?(): readonly BackendFinding[];
  /** Slots of a Redis Cluster that nobody serves; 0 elsewhere. */
  uncoveredSlots(): number;
  /** Publishes a hint of this node's own. @throws BackendUnavailable */
  publish(channel: string, bytes: Buffer): Promise<unknown>;
  /** Calls back when the heartbeat's or the alive connection is back after a cut. */
  onReturn(listener: () => void): void;
}
