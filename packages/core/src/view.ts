/** What features read: rows that this node keeps in memory. */
import type { ShardId } from "./model/ids.ts";
import type { ViewVersion } from "./ports/view-store.ts";

/** List rows of one kind of actor, kept by list + watch. */
export interface View<Row> {
  get(id: string): Row | undefined;
  entries(): IterableIterator<[id: string, row: Row]>;
  readonly size: number;
  /** True once every shard has been listed. */
  readonly ready: boolean;
  /** True while rows may be out of date: the backend is away, or a listing is due. */
  readonly stale: boolean;
  /** Redis time up to which the rows are known to be complete. */
  readonly asOf: number;
  /** Version of a shard's rows that has been applied. */
  version(shard: ShardId): ViewVersion | undefined;
  /** Calls back after each changed row, `undefined` for a removed one; the answer ends it. */
  onChange(listener: (id: string, row: Row | undefined) => void): () => void;
}

/** What one node reports of one unit it replicates. */
export interface StatusRow<Observed> {
  readonly unit: string;
  /** Identity of the intent the node last acted on. */
  readonly intentId: string;
  readonly observed: Observed;
  readonly converged: boolean;
  readonly attempts: number;
  /** Redis time of the next attempt; 0 when none is planned. */
  readonly nextAttemptAt: number;
  readonly lastError: string | undefined;
  /** Redis time since when the observed value stands. */
  readonly since: number;
  readonly reportedAt: number;
  /** History under which it was reported: a row of another history counts as stale. */
  readonly historyId: string;
  /** History of the list row it follows, which may be on another server than this one. */
  readonly intentHistoryId?: string;
}
