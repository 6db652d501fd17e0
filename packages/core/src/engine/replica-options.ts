/** What a replica loop needs of its node, and what it tells of its units. */
import type { ReplicaDefinition } from "../define-replica.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { StatusRow } from "../view.ts";
import type { Standing } from "./replica-unit.ts";
import type { OwnStatusRow } from "./status-row.ts";

/** What a replica follows; a `ViewTable`. */
export interface FollowedView<Row> {
  readonly ready: boolean;
  get(id: string): Row | undefined;
  entries(): IterableIterator<[id: string, row: Row]>;
  isStale(id: string): boolean;
  /** Tells whether an absent row was removed, rather than lost with data since that history. */
  isRemoved(id: string, historyId: string): boolean;
  /** History of the row of an id, as it is known now. */
  historyOf?(id: string): string | undefined;
  readonly lost: ReadonlyMap<string, Row>;
  onChange(listener: (id: string, row: Row | undefined) => void): () => void;
  onSettled(listener: () => void): () => void;
}

/** Where a replica reports; a `StatusBoard`. */
export interface ReportBoard {
  readonly loaded: boolean;
  onLoaded(listener: () => void): () => void;
  inherited(): ReadonlyMap<string, StatusRow<unknown>>;
  set(unit: string, row: OwnStatusRow | "removed"): void;
  begin(): void;
}

export interface ReplicaLoopOptions<Row, Observed> {
  readonly definition: ReplicaDefinition<Row, Observed>;
  readonly view: FollowedView<Row>;
  readonly board: ReportBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Redis time, epoch milliseconds. */
  now(): number;
  /** Units being applied side by side. @defaultValue 32 */
  readonly concurrency?: number;
  /** An aborted attempt that has not returned after this long is named in the log. @defaultValue 10000 */
  readonly abortGraceMs?: number;
  /** An attempt that takes longer is named, and no longer keeps others waiting. @defaultValue 60000 */
  readonly slowAfterMs?: number;
}

/** A unit as status and `explain` show it. */
export interface UnitSnapshot {
  readonly id: string;
  /** `held`: waits for its row to be confirmed; `overdue`: its attempt does not return. */
  readonly doing: "resting" | "waiting" | "queued" | "held" | "running" | "overdue";
  readonly standing: Standing;
  readonly attempts: number;
  readonly nextAttemptAt: number;
}
