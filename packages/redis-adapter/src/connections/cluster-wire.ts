/**
 * Commands of one role to a Redis Cluster. A redirected command is sent again, byte for byte, until
 * it was answered or its time is up: what it writes is numbered, so that no copy takes effect twice
 * (I2, I3). ioredis would give up after 16 redirections, in the middle of a slot's move.
 */
import { BackendUnavailable, type Clock, type ShardId } from "@muster/core/ports";
import type { Argument, Link, Reply } from "../link.ts";
import { ClusterLinks } from "./cluster-links.ts";
import type { ClusterMap } from "./cluster-map.ts";
import type { Wire } from "./connections.ts";
import { redirectionOf, serverMessage } from "./redirection.ts";

export interface ClusterWireContext {
  readonly map: ClusterMap;
  readonly clock: Clock;
  /** How long a command is sent again while servers redirect it or refuse it for now, in milliseconds. */
  readonly patienceMs: number;
  /** Whether a command waits for a connection that was cut; for one that is first made it does. */
  readonly waits: boolean;
  make(address: string): Link;
  ready(link: Link): void;
  translate(address: string): string;
}

/** A server away for longer is not waited for: its shards' calls fail at once, others' go on. */
const hopelessMs = 1_000;
const lookEveryMs = 25;
/** Redirections followed without a pause: after that two servers disagree, and need a moment. */
const promptRedirections = 3;

export class ClusterWire implements Wire {
  readonly sharded = true;
  readonly links: ClusterLinks;
  readonly #context: ClusterWireContext;
  #closed = false;

  constructor(context: ClusterWireContext) {
    this.#context = context;
    this.links = new ClusterLinks({
      map: context.map,
      make: (address) => context.make(address),
      ready: (_, link) => context.ready(link),
      cut: () => {},
    });
  }

  close(): void {
    this.#closed = true;
    this.links.close();
  }

  /** True when the primary of a key can be asked right now. */
  isReadyFor(key: string): boolean {
    const owner = this.#context.map.ownerOf(key);
    return owner !== undefined && this.links.get(owner).isReady;
  }

  async call(
    op: string,
    command: string,
    args: readonly Argument[],
    shard?: ShardId,
    key?: string,
  ): Promise<Reply> {
    return (await this.answered(op, command, args, shard, key)).reply;
  }

  /** As {@link ClusterWire.call}, and tells which connection the answer came on. */
  async answered(
    op: string,
    command: string,
    args: readonly Argument[],
    shard?: ShardId,
    key?: string,
  ): Promise<{ readonly reply: Reply; readonly by: Link }> {
    const { clock, map, patienceMs, waits } = this.#context;
    const deadline = clock.monotonic() + patienceMs;
    let asking: string | undefined;
    let cause: unknown = new Error("No server is known that serves this slot.");
    for (let tries = 1; ; tries++) {
      const address = asking ?? (key === undefined ? map.current.primaries[0] : map.ownerOf(key));
      const link = address === undefined ? undefined : this.links.get(address);
      let pauseMs = Math.min(100, 5 * tries);
      if (address !== undefined && link?.isReady) {
        try {
          const reply =
            asking === undefined
              ? await link.call(op, command, args, shard)
              : await link.callAsking(op, command, args, shard);
          return { reply, by: link };
        } catch (error) {
          asking = undefined;
          const to = redirectionOf(serverMessage(error), address);
          if (to === undefined && (this.#closed || !link.isClosed)) throw error;
          cause = error instanceof BackendUnavailable ? error.cause : error;
          if (to?.kind === "ask") asking = this.#context.translate(to.address);
          else if (to?.kind === "moved") map.moved(to.slot, to.address);
          else map.refresh();
          if (to && to.kind !== "later" && tries <= promptRedirections) pauseMs = 0;
        }
      } else {
        asking = undefined;
        map.refresh();
        if (link) cause = link.lastError ?? new Error("Not connected.");
        if (link && link.awayMs > (waits ? hopelessMs : 0)) break;
        pauseMs = lookEveryMs;
      }
      if (this.#closed || clock.monotonic() + pauseMs > deadline) break;
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
    throw new BackendUnavailable(op, cause, shard);
  }

  /** Sends a command to one server, whatever it holds. @throws BackendUnavailable */
  async callAt(
    address: string,
    op: string,
    command: string,
    args: readonly Argument[],
  ): Promise<Reply> {
    const link = this.links.get(address);
    await link.whenReady(this.#context.patienceMs);
    return link.call(op, command, args);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#context.clock.after(ms, resolve);
    });
  }
}
