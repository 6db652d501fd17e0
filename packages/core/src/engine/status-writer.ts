/**
 * Writes this node's own status rows: one write at a time, what changes meanwhile goes into the
 * next. The first write of an incarnation drops what the one before it left; so does the first
 * under another history, since rows may be missing then (I10). Rows in memory are the truth here:
 * whenever the store turns out to hold something else, all of them are written again.
 */
import type { HistoryId, Incarnation, NodeId } from "../model/ids.ts";
import { retryDelayMs } from "../model/retry-policy.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewStore, ViewVersion } from "../ports/view-store.ts";
import type { StatusRow } from "../view.ts";
import { backendBackoff } from "./partition.ts";
import { encodeStatusRow, type OwnStatusRow, readStatusRow } from "./status-row.ts";

export interface StatusWriterOptions {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Redis time, epoch milliseconds. */
  now(): number;
  /** False while this node may not act for its incarnation. @defaultValue always true */
  mayWrite?(): boolean;
  /** What the former incarnation left has been read. */
  onLoaded(): void;
  /** Another incarnation of this node writes now; nothing more is written. */
  onSuperseded(by: Incarnation): void;
}

type OwnRow = Omit<StatusRow<unknown>, "historyId">;

const maxRowsPerWrite = 500;
const notAllowedMs = 250;
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #rows = new Map<string, OwnRow>();
  readonly #dirty = new Set<string>();
  #inherited: ReadonlyMap<string, StatusRow<unknown>> = new Map();
  #state: "idle" | "loading" | "running" | "superseded" | "stopped" = "idle";
  /** The next write drops all rows first; `late`: only once there is something to write. */
  #reset: "no" | "late" | "yes" = "late";
  #history: HistoryId | undefined;
  /** Version answered by the last write; unknown after a write without an answer. */
  #written: ViewVersion | undefined;
  /** Number of the last write, so that a late copy of an older one does nothing. */
  #seq = 0;
  #writing = false;
  #scheduled = false;
  #failures = 0;
  #retry: Cancel | undefined;
  #again: (() => void) | undefined;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state !== "idle") return;
    this.#state = "loading";
    void this.#load();
  }

  /** Nothing is written after this; a write under way ends by itself. */
  stop(): void {
    this.#state = "stopped";
    this.#retry?.();
  }

  get loaded(): boolean {
    return this.#state === "running" || this.#state === "superseded";
  }
  get superseded(): boolean {
    return this.#state === "superseded";
  }
  /** True while the store may not hold all rows. */
  get pending(): boolean {
    return this.#dirty.size > 0 || this.#reset === "yes" || this.#writing;
  }
  /** Version and whether it can be compared now, for the sweep. */
  get written(): ViewVersion | undefined {
    return this.#writing ? undefined : this.#written;
  }

  /** What the former incarnation reported of a unit, as found at the start. */
  inherited(): ReadonlyMap<string, StatusRow<unknown>> {
    return this.#inherited;
  }

  get(unit: string): StatusRow<unknown> | undefined {
    const row = this.#rows.get(unit);
    return row && this.#labelled(row);
  }

  *entries(): IterableIterator<StatusRow<unknown>> {
    for (const row of this.#rows.values()) yield this.#labelled(row);
  }

  set(unit: string, row: OwnStatusRow | "removed"): void {
    if (row === "removed") {
      if (!this.#rows.delete(unit) && this.#reset === "no") return;
    } else {
      this.#rows.set(unit, { ...row, unit, reportedAt: this.#options.now() });
    }
    this.#dirty.add(unit);
    if (this.#reset === "late") this.#reset = "yes";
    this.#schedule();
  }

  /** Drops the rows of the former incarnation even when this one has none to write. */
  begin(): void {
    if (this.#reset !== "late") return;
    this.#reset = "yes";
    this.#schedule();
  }

  /** Writes all rows again: what the store holds may be other data with versions like these. */
  renew(): void {
    if (this.#reset === "no") this.#writeAll();
  }

  /** Does at once what waits for its retry, since the backend may be back. */
  retryNow(): void {
    if (!this.#retry) return;
    this.#retry();
    this.#retry = undefined;
    this.#again?.();
  }

  /** Compares with a version that was read while no write was under way. */
  compare(written: ViewVersion, seen: ViewVersion): void {
    // a write that ended or began since then explains any difference
    if (this.#writing || this.#written !== written) return;
    if (seen.historyId === written.historyId && seen.n === written.n) return;
    this.#history = seen.historyId;
    this.#writeAll();
  }

  #labelled(row: OwnRow): StatusRow<unknown> {
    return { ...row, historyId: this.#history ?? "" };
  }

  #writeAll(): void {
    this.#reset = "yes";
    this.#schedule();
  }

  async #load(): Promise<void> {
    const { store, nodeId, logger } = this.#options;
    try {
      const listed = (await store.listStatus({ nodes: [nodeId] }))[0];
      if (this.#state !== "loading") return;
      const inherited = new Map<string, StatusRow<unknown>>();
      for (const { unit, row } of listed?.rows ?? []) {
        const read = readStatusRow(unit, row);
        if (read.kind === "row") inherited.set(unit, read.row);
        else logger.warn({ unit, error: read.error }, "a former status row cannot be read");
      }
      this.#inherited = inherited;
      this.#history = listed?.version.historyId;
      this.#state = "running";
      this.#failures = 0;
      this.#options.onLoaded();
      this.#schedule();
    } catch (error) {
      if (this.#state !== "loading") return;
      this.#failed(error, () => void this.#load());
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing || this.#state !== "running") return;
    // while a retry is due, it takes the new rows with it
    if (this.#retry || (this.#reset !== "yes" && this.#dirty.size === 0)) return;
    this.#scheduled = true;
    this.#options.clock.defer(() => {
      this.#scheduled = false;
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    const { store, nodeId, incarnation, mayWrite } = this.#options;
    if (this.#state !== "running") return;
    if (mayWrite && !mayWrite()) {
      this.#wait(notAllowedMs, () => void this.#write());
      return;
    }
    const reset = this.#reset === "yes";
    if (reset) for (const unit of this.#rows.keys()) this.#dirty.add(unit);
    const sent = new Map<string, OwnRow | undefined>();
    for (const unit of this.#dirty) {
      if (sent.size === maxRowsPerWrite) break;
      sent.set(unit, this.#rows.get(unit));
    }
    const before = this.#written;
    this.#writing = true;
    try {
      const answer = await store.writeStatus({
        nodeId,
        incarnation,
        seq: ++this.#seq,
        reset,
        rows: [...sent].map(([unit, row]) => ({
          unit,
          row: row ? encodeStatusRow(this.#labelled(row)) : ("removed" as const),
        })),
      });
      this.#writing = false;
      if (answer.kind === "superseded") {
        this.#refused(answer.incarnation, reset);
        return;
      }
      this.#failures = 0;
      this.#written = answer.version;
      if (reset) this.#reset = "no";
      for (const [unit, row] of sent) if (this.#rows.get(unit) === row) this.#dirty.delete(unit);
      this.#judge(before, answer.version);
      this.#schedule();
    } catch (error) {
      this.#writing = false;
      // it may still be executed: the next answer cannot be compared with the last one
      this.#written = undefined;
      if (this.#state === "running") this.#failed(error, () => void this.#write());
    }
  }

  /** Rows written under another history than they say, or beside another writer, are written again. */
  #judge(before: ViewVersion | undefined, after: ViewVersion): void {
    const moved = this.#history !== after.historyId;
    const skipped =
      before !== undefined && before.historyId === after.historyId && after.n !== before.n + 1;
    this.#history = after.historyId;
    if (moved || skipped) this.#reset = "yes";
  }

  #refused(by: Incarnation | "none", reset: boolean): void {
    const { logger, onSuperseded } = this.#options;
    if (this.#state !== "running") return;
    if (!reset) {
      // the data may have gone back to before this incarnation was registered: a reset tells, since
      // the store refuses it from an incarnation that was replaced
      this.#written = undefined;
      this.#writeAll();
    } else if (by === "none") {
      this.#failed(
        new Error("no incarnation is registered after a reset"),
        () => void this.#write(),
      );
    } else {
      this.#state = "superseded";
      logger.error({ by }, "another incarnation of this node writes its status");
      onSuperseded(by);
    }
  }

  #failed(error: unknown, again: () => void): void {
    const { logger, random } = this.#options;
    this.#failures += 1;
    if (this.#failures === 1) logger.warn({ error }, "status rows wait for the backend");
    this.#wait(retryDelayMs(backendBackoff, this.#failures, random.draw()), again);
  }

  #wait(delayMs: number, again: () => void): void {
    this.#again = again;
    this.#retry?.();
    this.#retry = this.#options.clock.after(delayMs, () => this.retryNow());
  }
}
