/**
 * What one node knows of the whole cluster: the list views of all kinds, the rows of all nodes, and
 * the sweep that finds what no hint told of.
 */
import type { Incarnation, NodeId, RedisMs, ShardId } from "../model/ids.ts";
import type { Backend } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { Kinds } from "./kinds.ts";
import { type LetterCounts, letterCounts } from "./letter-desk.ts";
import { letterKind } from "./letter-kind.ts";
import type { ViewAge } from "./node-gauges.ts";
import { type FollowedNode, StatusBoard } from "./status-board.ts";
import { ViewSweeper } from "./view-sweeper.ts";
import { ViewTable } from "./view-table.ts";

export interface NodeViewsOptions {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly backend: Pick<Backend, "views" | "bus">;
  readonly kinds: Kinds;
  readonly shardCount: number;
  readonly sweepMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Freezes what users' code is given. */
  readonly development: boolean;
  /** Redis time. */
  now(): RedisMs;
  shardOf(partition: string): ShardId;
  /** False while this node's rows would be refused. */
  mayWrite(): boolean;
}

export class NodeViews {
  readonly board: StatusBoard;
  readonly #tables = new Map<string, ViewTable<unknown>>();
  readonly #sweeper: ViewSweeper;
  readonly #clock: Clock;

  constructor(options: NodeViewsOptions) {
    const { backend, kinds, clock, random, logger, sweepMs, shardCount, now } = options;
    this.#clock = clock;
    const common = { store: backend.views, bus: backend.bus, clock, random, logger, now };
    const listed = {
      ...common,
      shardCount,
      development: options.development,
      staleAfterMs: 2 * sweepMs + 1_000,
    };
    this.#tables.set(
      letterKind,
      new ViewTable<unknown>({
        ...listed,
        kind: letterKind,
        shardOf: Number,
        schema: letterCounts,
      }),
    );
    for (const { kind, partition, implementation } of kinds.withView()) {
      this.#tables.set(
        kind,
        new ViewTable<unknown>({
          ...listed,
          kind,
          shardOf: (id) => options.shardOf(partition(id)),
          ...(implementation.row && { schema: implementation.row }),
        }),
      );
    }
    this.#sweeper = new ViewSweeper({
      tables: [...this.#tables.values()],
      shardCount,
      store: backend.views,
      clock,
      random,
      logger,
      sweepMs,
    });
    const { nodeId, incarnation } = options;
    this.board = new StatusBoard({
      ...common,
      nodeId,
      incarnation,
      sweepMs,
      mayWrite: () => options.mayWrite(),
    });
  }

  get(kind: string): ViewTable<unknown> | undefined {
    return this.#tables.get(kind);
  }

  /** True while rows may be out of date. */
  get stale(): boolean {
    return [...this.#tables.values()].some((table) => table.stale) || this.board.stale;
  }

  /** How old the rows of each view are. */
  ages(): readonly ViewAge[] {
    const tables = [...this.#tables].map(([view, { asOf, stale }]) => ({ view, asOf, stale }));
    return [...tables, { view: "$status", asOf: this.board.asOf, stale: this.board.stale }];
  }

  /** True while a shard takes no dead letter more. */
  isChoked(shard: ShardId): boolean {
    const counts = this.#tables.get(letterKind)?.get(String(shard)) as LetterCounts | undefined;
    return (counts?.parked ?? 0) > 0;
  }

  /** Begins to load and to follow; see {@link whenLoaded}. */
  async start(nodes: readonly FollowedNode[]): Promise<void> {
    this.board.follow(nodes);
    await this.board.start();
    for (const table of this.#tables.values()) await table.start();
    await this.#sweeper.start();
  }

  /** Resolves when everything was loaded once, or is not wanted any more. */
  async whenLoaded(isWanted: () => boolean): Promise<void> {
    for (const table of this.#tables.values()) {
      while (!table.ready && isWanted()) await table.whenReady({ timeoutMs: 1_000 });
    }
    while (!this.board.loaded && isWanted()) {
      await new Promise<void>((resolve) => {
        this.#clock.after(10, resolve);
      });
    }
  }

  /** Loads everything again: the store runs under another history. */
  renew(): void {
    for (const table of this.#tables.values()) table.renew();
    this.board.renew();
    this.#sweeper.now();
  }

  /** Ends in order; `part` bounds each step and never rejects. */
  async stop(part: (name: string, work: Promise<unknown>) => Promise<void>): Promise<void> {
    await this.#sweeper.stop();
    for (const table of this.#tables.values()) await part("view", table.stop());
    await part("board", this.board.stop());
  }
}
