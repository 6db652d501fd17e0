/**
 * The actors whose states a node holds, over all its shards, in the order of their last use (I7).
 * A state is read only when there is room: the actor unused for longest makes it, and where none
 * may leave, reading waits until one may. Links are part of the cells, so that a turn costs none.
 */
import type { ActorCell } from "./actor-cell.ts";

/** The shard of a cell. */
export interface CellHome {
  /** False while commands or an unfinished commit need the cell. */
  mayDrop(cell: ActorCell): boolean;
  /** Lets go of the cell; its state is read again when next used. */
  forget(cell: ActorCell): void;
  /** There may be room for what waits to be read. */
  roomMade(): void;
}

/** A member of the list; its neighbours are undefined at both ends. */
export interface Resident {
  readonly home: CellHome;
  readonly lastUsedAt: number;
  resident: boolean;
  older: ActorCell | undefined;
  newer: ActorCell | undefined;
}

/** Cells looked at for each one that has to leave, lest a search take as long as the list. */
const lookedAt = 64;

export class Residency {
  readonly #limit: number;
  readonly #waiting = new Set<CellHome>();
  #oldest: ActorCell | undefined;
  #newest: ActorCell | undefined;
  #size = 0;
  #reserved = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** States in memory. */
  get size(): number {
    return this.#size;
  }

  /**
   * Makes room for up to `wanted` states and answers for how many there is; the home is called when
   * there may be more. Each must be followed by {@link enter} or {@link giveBack}.
   */
  reserve(wanted: number, home: CellHome): number {
    const free = () => this.#limit - this.#size - this.#reserved;
    for (let short = wanted - free(); short > 0; short--) if (!this.#evict()) break;
    const room = Math.max(0, Math.min(wanted, free()));
    this.#reserved += room;
    if (room < wanted) this.#waiting.add(home);
    return room;
  }

  giveBack(count: number): void {
    this.#reserved -= count;
  }

  /** Takes a cell in whose state was read, into room that was reserved for it. */
  enter(cell: ActorCell): void {
    this.#reserved -= 1;
    this.#size += 1;
    cell.resident = true;
    this.#append(cell);
  }

  /** The cell is used now. */
  touch(cell: ActorCell): void {
    if (!cell.resident || this.#newest === cell) return;
    this.#unlink(cell);
    this.#append(cell);
  }

  leave(cell: ActorCell): void {
    if (!cell.resident) return;
    cell.resident = false;
    this.#size -= 1;
    this.#unlink(cell);
  }

  /** Lets go of the cells not used since `before`. */
  dropIdle(before: number): void {
    for (let left = this.#size; left > 0; left--) {
      const cell = this.#oldest;
      if (!cell || cell.lastUsedAt >= before) break;
      this.#passOver(cell);
    }
  }

  /** Calls those that wait for room, after something may have made some. */
  retry(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const home of waiting) home.roomMade();
  }

  /** Forgets a home whose shard has gone; its cells have left. */
  end(home: CellHome): void {
    this.#waiting.delete(home);
    this.retry();
  }

  #evict(): boolean {
    for (let left = Math.min(this.#size, lookedAt); left > 0; left--) {
      if (this.#oldest && this.#passOver(this.#oldest)) return true;
    }
    return false;
  }

  /** Drops the cell, or puts it behind the others while it is needed. */
  #passOver(cell: ActorCell): boolean {
    if (!cell.home.mayDrop(cell)) {
      this.touch(cell);
      return false;
    }
    this.leave(cell);
    cell.home.forget(cell);
    return true;
  }

  #append(cell: ActorCell): void {
    cell.older = this.#newest;
    cell.newer = undefined;
    if (this.#newest) this.#newest.newer = cell;
    else this.#oldest = cell;
    this.#newest = cell;
  }

  #unlink(cell: ActorCell): void {
    const { older, newer } = cell;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    cell.older = undefined;
    cell.newer = undefined;
  }
}
