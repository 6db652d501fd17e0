/**
 * List rows of one kind over all shards, in this node's memory: what status, apps and replicas read.
 * `ListWatch` says when to list and what to apply, `RowStore` holds the rows; here they meet. While
 * the backend is away the rows stay as they are and say so (`stale`, `asOf`; I10).
 */
import type { z } from "zod";
import type { ShardId } from "../model/ids.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewRows } from "../ports/shard-store.ts";
import type { ViewStore, ViewVersion } from "../ports/view-store.ts";
import type { View } from "../view.ts";
import { type Checkpoint, ListWatch } from "./list-watch.ts";
import { Listeners } from "./listeners.ts";
import { type RowChanges, RowStore, type UnreadableRow } from "./row-store.ts";
import { wentBack } from "./view-version.ts";

export interface ViewTableOptions<Row> {
  readonly kind: string;
  readonly shardCount: number;
  readonly store: ViewStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Redis time, epoch milliseconds. */
  now(): number;
  /** Rows it refuses are listed as unreadable. */
  readonly schema?: z.ZodType<Row>;
  /** Freezes rows. @defaultValue false */
  readonly development?: boolean;
  /** Lets {@link ViewTable.waitUntil} list the shard of a row whose hint seems lost. */
  shardOf?(id: string): ShardId;
  /** Rows that nothing has confirmed for this long count as stale. @defaultValue 11000 */
  readonly staleAfterMs?: number;
}

interface ShardListing {
  readonly key: ShardId;
  readonly version: ViewVersion;
  readonly rows: readonly { readonly id: string; readonly row: Uint8Array }[];
}
interface ShardHint {
  readonly version: ViewVersion;
  readonly complete: boolean;
  readonly rows: ViewRows["rows"];
}

const hintPatienceMs = 250;

export class ViewTable<Row> implements View<Row> {
  readonly kind: string;
  readonly #options: ViewTableOptions<Row>;
  readonly #rows: RowStore<Row>;
  readonly #watch: ListWatch<ShardId, ShardListing, ShardHint>;
  readonly #changed: Listeners<[id: string, row: Row | undefined]>;
  readonly #settled: Listeners<[]>;
  readonly #stopped: Listeners<[]>;
  #isStopped = false;

  constructor(options: ViewTableOptions<Row>) {
    const { kind, store, bus, clock, random, logger } = options;
    this.kind = kind;
    this.#options = options;
    this.#rows = new RowStore(options.schema, options.development ?? false);
    this.#changed = new Listeners(logger, `view ${kind}`);
    this.#settled = new Listeners(logger, `view ${kind}`);
    this.#stopped = new Listeners(logger, `view ${kind}`);
    this.#watch = new ListWatch<ShardId, ShardListing, ShardHint>(
      {
        name: kind,
        clock,
        random,
        logger,
        now: () => options.now(),
        staleAfterMs: options.staleAfterMs ?? 11_000,
        source: {
          subscribe: (deliver) =>
            bus.subscribe({ topic: "view", kind }, (message) => {
              if (message.topic !== "view" || message.kind !== kind) return;
              const { shard, version, rows } = message;
              deliver(shard, { version, complete: rows !== undefined, rows: rows ?? [] });
            }),
          onReset: (reset) => bus.onReset(reset),
          list: async (shards) =>
            (await store.list({ kind, shards })).map(({ shard, version, rows }) => ({
              key: shard,
              version,
              rows,
            })),
        },
        sink: {
          replace: ({ key, version, rows }, before) => {
            const loss = before !== undefined && wentBack(before, version);
            this.#tell(this.#rows.replace(key, rows, loss));
          },
          apply: (shard, { rows }) => this.#tell(this.#rows.apply(shard, rows)),
          drop: () => {},
          settled: () => this.#settled.tell(),
        },
      },
      Array.from({ length: options.shardCount }, (_, shard) => shard),
    );
  }

  /** Begins to follow; resolves at once, also while the backend is away. */
  async start(): Promise<void> {
    if (!this.#isStopped) await this.#watch.start();
  }

  /** Ends following; rows stay readable, as stale. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#stopped.tell();
    await this.#watch.stop();
  }

  /** Lists all rows again, after the data was found to be other data. */
  renew(): void {
    this.#watch.renew();
  }

  get ready(): boolean {
    return this.#watch.ready;
  }
  get stale(): boolean {
    return this.#watch.stale;
  }
  get asOf(): number {
    return this.#watch.asOf;
  }
  get size(): number {
    return this.#rows.size;
  }
  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }
  entries(): IterableIterator<[id: string, row: Row]> {
    return this.#rows.entries();
  }
  version(shard: ShardId): ViewVersion | undefined {
    return this.#watch.version(shard);
  }

  /** Tells whether the shard of this row may be out of date, whatever the other shards are. */
  isStale(id: string): boolean {
    const shard = this.#shardOf(id);
    return shard === undefined ? this.stale : this.#watch.isStale(shard);
  }

  /**
   * Rows that could not be decoded. Where an earlier row of the same id could be, that one is still
   * what {@link get} answers.
   */
  unreadable(): readonly UnreadableRow[] {
    return this.#rows.unreadable();
  }

  /**
   * Rows that vanished when the version of their shard went back: lost with data instead of removed
   * by a commit. What this node can offer for restoring.
   */
  get lost(): ReadonlyMap<string, Row> {
    return this.#rows.lost;
  }

  /**
   * Tells whether an absent row that was last known under `historyId` was removed. In another
   * history it may have been lost. `false` when the shard of the id is not known.
   */
  isRemoved(id: string, historyId: string): boolean {
    const shard = this.#shardOf(id);
    if (shard === undefined || this.#rows.get(id) !== undefined || this.lost.has(id)) return false;
    return !this.#rows.isUnreadable(id) && this.version(shard)?.historyId === historyId;
  }

  /** History of the server that holds the row of an id. */
  historyOf(id: string): string | undefined {
    const shard = this.#shardOf(id);
    return shard === undefined ? undefined : this.version(shard)?.historyId;
  }

  /** Takes a lost row as removed after all. */
  forgetLost(id: string): void {
    if (this.#rows.forgetLost(id)) this.#changed.tell(id, undefined);
  }

  onChange(listener: (id: string, row: Row | undefined) => void): () => void {
    return this.#changed.add(listener);
  }

  /** Calls back after each listing and sweep: `ready` and `stale` may have changed. */
  onSettled(listener: () => void): () => void {
    return this.#settled.add(listener);
  }

  /** Lists one shard again. */
  refresh(shard: ShardId): void {
    this.#watch.refresh(shard);
  }

  /** Resolves when every shard has been listed. */
  whenReady(options: { readonly timeoutMs: number }): Promise<"met" | "timeout" | "stopped"> {
    return this.waitUntil(() => this.ready, options);
  }

  /**
   * Waits until the predicate holds for what this node has in memory: how the answer to a change
   * waits for its own row. With `id`, the shard of that row is listed when its hint seems lost.
   */
  waitUntil(
    predicate: () => boolean,
    options: { readonly timeoutMs: number; readonly id?: string },
  ): Promise<"met" | "timeout" | "stopped"> {
    if (predicate()) return Promise.resolve("met");
    if (this.#isStopped) return Promise.resolve("stopped");
    const { id, timeoutMs } = options;
    return new Promise((resolve) => {
      const ends: (() => void)[] = [];
      const end = (outcome: "met" | "timeout" | "stopped") => {
        for (const release of ends) release();
        resolve(outcome);
      };
      const look = () => {
        if (predicate()) end("met");
      };
      ends.push(
        this.#changed.add((changed) => {
          if (id === undefined || changed === id) look();
        }),
        this.#settled.add(look),
        this.#stopped.add(() => end("stopped")),
        this.#options.clock.after(timeoutMs, () => end("timeout")),
      );
      const shard = id === undefined ? undefined : this.#shardOf(id);
      if (shard !== undefined && hintPatienceMs < timeoutMs) {
        ends.push(this.#options.clock.after(hintPatienceMs, () => this.refresh(shard)));
      }
    });
  }

  checkpoint(): Checkpoint<ShardId> {
    return this.#watch.checkpoint();
  }
  swept(checkpoint: Checkpoint<ShardId>, seen: ReadonlyMap<ShardId, ViewVersion>): void {
    this.#watch.swept(checkpoint, seen);
  }
  sweepFailed(): void {
    this.#watch.sweepFailed();
  }

  #shardOf(id: string): ShardId | undefined {
    return this.#rows.shardOf(id) ?? this.#options.shardOf?.(id);
  }

  #tell({ changed, unreadable }: RowChanges): void {
    for (const row of unreadable) {
      this.#options.logger.error({ kind: this.kind, ...row }, "a list row cannot be read");
    }
    for (const id of changed) this.#changed.tell(id, this.get(id));
  }
}
