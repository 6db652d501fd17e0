/**
 * One connection to Redis. Every call settles: with its reply, or as {@link BackendUnavailable} when
 * it timed out, failed, or the link was closed. A call whose answer did not come may still run; only
 * the same call again tells (I3, I5). Nothing is queued while the connection is away: what waits for
 * it gives up by its own time, so that an outage does not pile up copies (I7).
 */
import { BackendUnavailable, type Cancel, type Clock, type ShardId } from "@muster/core/ports";
import type { Redis } from "ioredis";
import type { Wire } from "./connections/connections.ts";
import { WireCommand } from "./wire-command.ts";

export type Argument = string | Buffer;
export type Reply = number | Buffer | null | readonly Reply[];

export interface LinkOptions {
  /** How long a call waits for the connection to come (back); 0: not at all. */
  readonly waitMs: number;
  /** How long a call waits for its answer. */
  readonly timeoutMs: number;
  /** Whether calls of one tick leave in one write. */
  readonly coalesce: boolean;
}

/** Errors of ioredis carry the command with its arguments: payloads, even passwords. These go no further. */
const withoutCommand = (error: unknown): Error => {
  if (!(error instanceof Error)) return new Error(String(error));
  const plain = new Error(error.message);
  plain.name = error.name;
  return plain;
};

const unanswered = (op: string, cause: Error, shard: ShardId | undefined): BackendUnavailable =>
  new BackendUnavailable(
    op,
    cause,
    shard,
    cause.message.startsWith("OOM ") ? "out-of-memory" : undefined,
  );

interface Pending {
  readonly op: string;
  readonly shard: ShardId | undefined;
  readonly command: WireCommand;
  /** Monotonic ms after which its answer is not waited for any more. */
  readonly deadline: number;
  readonly reject: (error: BackendUnavailable) => void;
}

export class Link implements Wire {
  readonly sharded: boolean = false;
  readonly redis: Redis;
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();
  readonly #waiting = new Set<() => void>();
  #watch: Cancel | undefined;
  #corked: Redis["stream"] | undefined;
  #lastError: Error | undefined;
  #awaySince: number | undefined;
  #generation = 0;
  #closed = false;

  constructor(redis: Redis, options: LinkOptions, clock: Clock) {
    this.redis = redis;
    this.#options = options;
    this.#clock = clock;
    redis.on("error", (error: unknown) => {
      this.#lastError = withoutCommand(error);
    });
    // Each failed attempt to come back ends with a close, too: the first one counts.
    redis.on("close", () => {
      this.#generation += 1;
      this.#awaySince ??= clock.monotonic();
    });
    redis.on("ready", () => {
      this.#awaySince = undefined;
      for (const go of [...this.#waiting]) go();
    });
  }

  /** Host and port, or the path of the socket. */
  get address(): string {
    const { path, host, port } = this.redis.options;
    return path ?? `${host ?? "localhost"}:${port ?? 6379}`;
  }

  get isClosed(): boolean {
    return this.#closed;
  }
  /** What the connection last failed with. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }
  /** Another number is another connection. */
  get generation(): number {
    return this.#generation;
  }

  get isReady(): boolean {
    return !this.#closed && this.redis.status === "ready";
  }

  /** Milliseconds for which the connection has been gone; 0 while it stands or is first made. */
  get awayMs(): number {
    return this.#awaySince === undefined ? 0 : this.#clock.monotonic() - this.#awaySince;
  }

  /** @throws BackendUnavailable when the server cannot be reached or refuses us */
  async open(): Promise<void> {
    try {
      await this.redis.connect();
    } catch (error) {
      // The rejection says "closed"; what closed it came as an event.
      throw new BackendUnavailable("open", this.#lastError ?? withoutCommand(error));
    }
  }

  /** Ends the connection; pending calls reject. Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#watch?.();
    this.redis.disconnect();
    this.redis.stream?.destroy();
    for (const { op, shard, reject } of [...this.#pending]) {
      reject(new BackendUnavailable(op, new Error("The connection was closed."), shard));
    }
    this.#pending.clear();
    for (const go of [...this.#waiting]) go();
  }

  /** Sends one command; bytes come back as Buffers. @throws BackendUnavailable */
  async call(
    op: string,
    command: string,
    args: readonly Argument[],
    shard?: ShardId,
  ): Promise<Reply> {
    if (!this.isReady) await this.whenReady(this.#options.waitMs);
    if (!this.isReady) {
      throw new BackendUnavailable(op, this.#lastError ?? new Error("Not connected."), shard);
    }
    if (this.#options.coalesce) this.#cork();
    const sent = new WireCommand(command, args);
    const answer = this.redis.sendCommand(sent) as Promise<Reply>;
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.monotonic() + this.#options.timeoutMs;
      const pending: Pending = { op, shard, command: sent, deadline, reject };
      this.#pending.add(pending);
      if (!this.#watch) this.#watchFor(this.#options.timeoutMs);
      answer.then(
        (reply) => {
          this.#pending.delete(pending);
          resolve(reply);
        },
        (error: unknown) => {
          this.#pending.delete(pending);
          reject(unanswered(op, withoutCommand(error), shard));
        },
      );
    });
  }

  /**
   * Sends one command to a server that only takes it after ASKING, since its slot is on the way
   * there. Call only while {@link isReady}: the two must follow each other.
   * @throws BackendUnavailable
   */
  callAsking(
    op: string,
    command: string,
    args: readonly Argument[],
    shard?: ShardId,
  ): Promise<Reply> {
    this.call(op, "asking", [], shard).catch(() => {
      // The command that follows tells.
    });
    return this.call(op, command, args, shard);
  }

  /** Ends calls whose time is up, oldest first: they all have the same, so one timer serves all. */
  #watchFor(delayMs: number): void {
    this.#watch = this.#clock.after(delayMs, () => {
      this.#watch = undefined;
      const now = this.#clock.monotonic();
      for (const { command, deadline } of this.#pending) {
        if (deadline > now) {
          this.#watchFor(deadline - now);
          return;
        }
        command.reject(new Error("Command timed out"));
      }
    });
  }

  /** Resolves when the connection stands, was closed, or `waitMs` have passed. */
  whenReady(waitMs: number): Promise<void> {
    if (this.isReady || this.#closed || waitMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const go = () => {
        cancel();
        this.#waiting.delete(go);
        resolve();
      };
      this.#waiting.add(go);
      cancel = this.#clock.after(waitMs, go);
    });
  }

  /** Holds back what this tick writes, so that it leaves in one piece. */
  #cork(): void {
    const { stream } = this.redis;
    if (this.#corked === stream) return;
    this.#corked = stream;
    stream.cork();
    process.nextTick(() => {
      this.#corked = undefined;
      stream.uncork();
    });
  }
}
