/**
 * What every node reports of its units: this node's own rows (`StatusWriter`, the truth for itself)
 * and those of all others by list + watch. A row of another incarnation or history than the present
 * one counts as stale: it tells of a process, or of data, that is no more (I10).
 */
import type { Incarnation, NodeId } from "../model/ids.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewStore, ViewVersion } from "../ports/view-store.ts";
import type { StatusRow } from "../view.ts";
import { ListWatch } from "./list-watch.ts";
import { Listeners } from "./listeners.ts";
import { type EncodedStatus, ReportedRows } from "./reported-rows.ts";
import type { OwnStatusRow } from "./status-row.ts";
import { StatusWriter } from "./status-writer.ts";
import { SweepTimer } from "./sweep-timer.ts";

export interface StatusBoardOptions {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly store: ViewStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Redis time, epoch milliseconds. */
  now(): number;
  readonly sweepMs: number;
  /** False while this node may not act for its incarnation. @defaultValue always true */
  mayWrite?(): boolean;
}

/** One unit on one node, as known here. */
export interface BoardRow {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation | "none";
  readonly row: StatusRow<unknown>;
  /** Reported by a former incarnation, or under another history: nothing now follows from it. */
  readonly former: boolean;
  /** Former, or not confirmed lately. */
  readonly stale: boolean;
}
export interface UnreadableStatus {
  readonly nodeId: NodeId;
  readonly unit: string;
  readonly error: string;
}
/** A node whose rows are followed, with the incarnation that membership knows. */
export interface FollowedNode {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
}

interface NodeListing {
  readonly key: NodeId;
  readonly version: ViewVersion;
  readonly incarnation: Incarnation | "none";
  readonly rows: readonly { readonly unit: string; readonly row: Uint8Array }[];
}
interface NodeHint {
  readonly version: ViewVersion;
  readonly complete: boolean;
  readonly incarnation: Incarnation;
  readonly reset: boolean;
  readonly rows: readonly EncodedStatus[];
}
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #writer: StatusWriter;
  readonly #watch: ListWatch<NodeId, NodeListing, NodeHint>;
  readonly #sweep: SweepTimer;
  readonly #others = new Map<NodeId, ReportedRows>();
  #incarnations: ReadonlyMap<NodeId, Incarnation> = new Map();
  readonly #changed: Listeners<[nodeId: NodeId, unit: string, row: BoardRow | undefined]>;
  readonly #loaded: Listeners<[]>;
  readonly #superseded: Listeners<[by: Incarnation]>;
  #state: "idle" | "running" | "stopped" = "idle";
  #endReset: (() => void) | undefined;
  #troubled = false;

  constructor(options: StatusBoardOptions) {
    const { bus, clock, logger, nodeId, random, store } = options;
    this.#options = options;
    this.#changed = new Listeners(logger, "status board");
    this.#loaded = new Listeners(logger, "status board");
    this.#superseded = new Listeners(logger, "status board");
    this.#writer = new StatusWriter({
      ...options,
      now: () => options.now(),
      onLoaded: () => this.#loaded.tell(),
      onSuperseded: (by) => this.#superseded.tell(by),
    });
    this.#watch = new ListWatch<NodeId, NodeListing, NodeHint>(
      {
        name: "status",
        clock,
        random,
        logger,
        now: () => options.now(),
        staleAfterMs: 2 * options.sweepMs + 1_000,
        source: {
          subscribe: (deliver) =>
            bus.subscribe({ topic: "status" }, (message) => {
              if (message.topic !== "status" || message.nodeId === nodeId) return;
              const { version, incarnation, reset, rows } = message;
              const complete = rows !== undefined;
              deliver(message.nodeId, { version, complete, incarnation, reset, rows: rows ?? [] });
            }),
          onReset: (reset) => bus.onReset(reset),
          list: async (nodes) =>
            (await store.listStatus({ nodes })).map(({ nodeId: key, ...listing }) => ({
              key,
              ...listing,
            })),
        },
        sink: {
          replace: ({ key, incarnation, rows }) => this.#replace(key, incarnation, rows),
          apply: (id, hint) => this.#apply(id, hint),
          drop: (id) => this.#drop(id),
          settled: () => {},
        },
      },
      [],
    );
    this.#sweep = new SweepTimer({
      clock,
      random,
      everyMs: options.sweepMs,
      run: () => this.#runSweep(),
    });
  }

  /** Begins to follow and to write; resolves at once, also while the backend is away. */
  async start(): Promise<void> {
    if (this.#state !== "idle") return;
    this.#state = "running";
    this.#endReset = this.#options.bus.onReset(() => {
      this.#writer.retryNow();
      // own rows are not listed: the sweep tells whether they are still there
      this.#sweep.now();
    });
    this.#writer.start();
    this.#sweep.start();
    await this.#watch.start();
  }

  /** Writes and lists all rows again, after the data was found to be other data. */
  renew(): void {
    this.#writer.renew();
    this.#watch.renew();
  }

  /** Ends both; rows not yet written stay unwritten. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#endReset?.();
    this.#sweep.stop();
    this.#writer.stop();
    await this.#watch.stop();
  }

  /** Follows the rows of these nodes; call it at each change of membership. Others are forgotten. */
  follow(nodes: readonly FollowedNode[]): void {
    this.#incarnations = new Map(nodes.map(({ id, incarnation }) => [id, incarnation]));
    this.#watch.follow(nodes.map(({ id }) => id).filter((id) => id !== this.#options.nodeId));
  }

  /** True once the rows of all nodes followed were listed and what this node left was read. */
  get ready(): boolean {
    return this.#writer.loaded && this.#watch.ready;
  }
  /** True while rows of other nodes may be out of date. */
  get stale(): boolean {
    return this.#watch.stale;
  }
  get asOf(): number {
    return this.#watch.asOf;
  }
  /** True while the store may not hold all rows of this node. */
  get pending(): boolean {
    return this.#writer.pending;
  }
  /** Another incarnation of this node writes now: rows set here reach nobody. */
  get superseded(): boolean {
    return this.#writer.superseded;
  }

  /** True once {@link inherited} is known; before it no replica acts. */
  get loaded(): boolean {
    return this.#writer.loaded;
  }
  onLoaded(listener: () => void): () => void {
    return this.#loaded.add(listener);
  }
  onSuperseded(listener: (by: Incarnation) => void): () => void {
    return this.#superseded.add(listener);
  }

  /** Rows that the former incarnation of this node left, by unit. */
  inherited(): ReadonlyMap<string, StatusRow<unknown>> {
    return this.#writer.inherited();
  }

  /** Sets or removes one of this node's rows; it is written as soon as the backend takes it. */
  set(unit: string, row: OwnStatusRow | "removed"): void {
    this.#writer.set(unit, row);
    this.#changed.tell(this.#options.nodeId, unit, this.row(this.#options.nodeId, unit));
  }

  /** Drops what a former incarnation left, even when this one reports nothing. */
  begin(): void {
    this.#writer.begin();
  }

  row(nodeId: NodeId, unit: string): BoardRow | undefined {
    if (nodeId === this.#options.nodeId) {
      const own = this.#writer.get(unit);
      return own && this.#ownRow(own);
    }
    const reported = this.#others.get(nodeId);
    const row = reported?.get(unit);
    return reported && row && this.#otherRow(nodeId, reported, row);
  }

  /** All rows of one node. */
  forNode(nodeId: NodeId): readonly BoardRow[] {
    if (nodeId === this.#options.nodeId) {
      return [...this.#writer.entries()].map((row) => this.#ownRow(row));
    }
    const reported = this.#others.get(nodeId);
    if (!reported) return [];
    return [...reported.rows()].map((row) => this.#otherRow(nodeId, reported, row));
  }

  /** The rows of one unit, this node's first; a node that never reported it has none. */
  forUnit(unit: string): readonly BoardRow[] {
    const rows: BoardRow[] = [];
    for (const nodeId of [this.#options.nodeId, ...this.#others.keys()]) {
      const row = this.row(nodeId, unit);
      if (row) rows.push(row);
    }
    return rows;
  }

  unreadable(): readonly UnreadableStatus[] {
    const rows: UnreadableStatus[] = [];
    for (const [nodeId, { unreadable }] of this.#others) {
      for (const [unit, error] of unreadable) rows.push({ nodeId, unit, error });
    }
    return rows;
  }

  /** Calls back after each changed row of any node, `undefined` for a removed one. */
  onChange(
    listener: (nodeId: NodeId, unit: string, row: BoardRow | undefined) => void,
  ): () => void {
    return this.#changed.add(listener);
  }

  #ownRow(row: StatusRow<unknown>): BoardRow {
    const { nodeId, incarnation } = this.#options;
    const former = this.#writer.superseded;
    return { nodeId, incarnation, row, former, stale: former };
  }

  #otherRow(nodeId: NodeId, reported: ReportedRows, row: StatusRow<unknown>): BoardRow {
    const { incarnation } = reported;
    const former =
      this.#incarnations.get(nodeId) !== incarnation ||
      this.#watch.version(nodeId)?.historyId !== row.historyId;
    return { nodeId, incarnation, row, former, stale: former || this.#watch.isStale(nodeId) };
  }

  #replace(
    nodeId: NodeId,
    incarnation: Incarnation | "none",
    rows: readonly EncodedStatus[],
  ): void {
    const reported = this.#others.get(nodeId) ?? new ReportedRows();
    this.#others.set(nodeId, reported);
    reported.incarnation = incarnation;
    this.#tell(nodeId, reported.replace(rows, this.#unreadableOf(nodeId)));
  }

  #apply(nodeId: NodeId, { incarnation, reset, rows }: NodeHint): void {
    const reported = this.#others.get(nodeId);
    if (reset) {
      this.#replace(
        nodeId,
        incarnation,
        rows.filter(({ row }) => row !== "removed"),
      );
    } else if (reported?.incarnation === incarnation) {
      this.#tell(nodeId, reported.apply(rows, this.#unreadableOf(nodeId)));
    } else {
      // registering an incarnation takes a reset, and none was seen
      this.#watch.refresh(nodeId);
    }
  }

  #unreadableOf(nodeId: NodeId): (unit: string, error: string) => void {
    return (unit, error) =>
      this.#options.logger.error({ nodeId, unit, error }, "a status row cannot be read");
  }

  #tell(nodeId: NodeId, units: readonly string[]): void {
    for (const unit of units) this.#changed.tell(nodeId, unit, this.row(nodeId, unit));
  }

  #drop(nodeId: NodeId): void {
    const units = [...(this.#others.get(nodeId)?.rows() ?? [])].map(({ unit }) => unit);
    this.#others.delete(nodeId);
    this.#tell(nodeId, units);
  }

  async #runSweep(): Promise<"done" | "failed"> {
    const { store, nodeId, logger } = this.#options;
    const checkpoint = this.#watch.checkpoint();
    const written = this.#writer.written;
    try {
      const nodes = [nodeId, ...checkpoint.versions.keys()];
      const seen = new Map<NodeId, ViewVersion>();
      for (const answer of await store.statusVersions({ nodes })) {
        seen.set(answer.nodeId, answer.version);
      }
      if (this.#state !== "running") return "done";
      this.#watch.swept(checkpoint, seen);
      const own = seen.get(nodeId);
      if (written && own) this.#writer.compare(written, own);
      if (this.#troubled) logger.info({}, "the sweep of status rows works again");
      this.#troubled = false;
      return "done";
    } catch (error) {
      if (!this.#troubled) logger.warn({ error }, "the sweep of status rows failed");
      this.#troubled = true;
      this.#watch.sweepFailed();
      return "failed";
    }
  }
}
