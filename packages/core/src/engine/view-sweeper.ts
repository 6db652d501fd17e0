/**
 * Finds lost hints: one call every few seconds reads the versions of all kinds and shards, and each
 * table lists again what is not as it knows it.
 */
import type { ShardId } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewStore, ViewVersion } from "../ports/view-store.ts";
import type { Checkpoint } from "./list-watch.ts";
import { SweepTimer } from "./sweep-timer.ts";

/** What takes part in a sweep; a `ViewTable`. */
export interface SweptTable {
  readonly kind: string;
  checkpoint(): Checkpoint<ShardId>;
  swept(checkpoint: Checkpoint<ShardId>, seen: ReadonlyMap<ShardId, ViewVersion>): void;
  sweepFailed(): void;
}

export interface ViewSweeperOptions {
  readonly tables: readonly SweptTable[];
  readonly shardCount: number;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sweepMs: number;
}

export class ViewSweeper {
  readonly #options: ViewSweeperOptions;
  readonly #timer: SweepTimer;
  readonly #shards: readonly ShardId[];
  #troubled = false;

  constructor(options: ViewSweeperOptions) {
    this.#options = options;
    this.#shards = Array.from({ length: options.shardCount }, (_, shard) => shard);
    this.#timer = new SweepTimer({
      clock: options.clock,
      random: options.random,
      everyMs: options.sweepMs,
      run: () => this.#sweep(),
    });
  }

  async start(): Promise<void> {
    if (this.#options.tables.length > 0) this.#timer.start();
  }

  async stop(): Promise<void> {
    this.#timer.stop();
  }

  /** Sweeps as soon as possible, for instance after a heartbeat told of another history. */
  now(): void {
    this.#timer.now();
  }

  async #sweep(): Promise<"done" | "failed"> {
    const { tables, store, logger } = this.#options;
    const begun = tables.map((table) => ({ table, checkpoint: table.checkpoint() }));
    try {
      const answer = await store.versions({
        kinds: tables.map(({ kind }) => kind),
        shards: this.#shards,
      });
      begun.forEach(({ table, checkpoint }, at) => {
        const seen = new Map<ShardId, ViewVersion>();
        for (const { shard, historyId, n } of answer) {
          const number = n[at];
          if (number !== undefined) seen.set(shard, { historyId, n: number });
        }
        table.swept(checkpoint, seen);
      });
      if (this.#troubled) logger.info({}, "the sweep of the views works again");
      this.#troubled = false;
      return "done";
    } catch (error) {
      if (!this.#troubled) logger.warn({ error }, "the sweep of the views failed");
      this.#troubled = true;
      for (const { table } of begun) table.sweepFailed();
      return "failed";
    }
  }
}
