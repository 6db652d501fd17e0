/**
 * List + watch over partitions (shards of a kind, or nodes' status rows): keeps versions, decides
 * when a partition is listed, and buffers hints meanwhile. Rows themselves are the sink's.
 *
 *   subscribe → list all → apply exact successors
 *   gap, other history, hint without rows → list that partition alone
 *   reset of the bus → drop every buffer, then list all
 *
 * Hints are only hints: nothing here trusts that one arrives (I10). A partition is listed by one
 * call at a time; a call begun before a reset no longer counts when it answers.
 */
import { retryDelayMs } from "../model/retry-policy.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewVersion } from "../ports/view-store.ts";
import { isGuarded } from "./guards.ts";
import { planListings } from "./listing-plan.ts";
import { backendBackoff, Partition } from "./partition.ts";
import { judgeHint, judgeSweep } from "./view-version.ts";

export interface Listed<K> {
  readonly key: K;
  readonly version: ViewVersion;
}
export interface Hint {
  readonly version: ViewVersion;
  /** False when the rows were too large to publish. */
  readonly complete: boolean;
}

export interface ListWatchSource<K, L extends Listed<K>, H extends Hint> {
  subscribe(deliver: (key: K, hint: H) => void): Promise<() => Promise<void>>;
  onReset(reset: () => void): () => void;
  /** Reads partitions; one that could not be read may be left out. */
  list(keys: readonly K[]): Promise<readonly L[]>;
}
/** Takes what was read. Its methods contain their own errors and never throw. */
export interface ListWatchSink<K, L extends Listed<K>, H extends Hint> {
  /** `before`: the version that this listing replaces. */
  replace(listing: L, before: ViewVersion | undefined): void;
  apply(key: K, hint: H): void;
  /** The partition is no longer followed. */
  drop(key: K): void;
  /** A listing or a sweep has ended: freshness may have changed. */
  settled(): void;
}

export interface ListWatchOptions<K, L extends Listed<K>, H extends Hint> {
  /** What is listed, for the log. */
  readonly name: string;
  readonly source: ListWatchSource<K, L, H>;
  readonly sink: ListWatchSink<K, L, H>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Redis time, epoch milliseconds. */
  now(): number;
  /** A partition that nothing has confirmed for this long counts as stale, in milliseconds. */
  readonly staleAfterMs: number;
}

/** Versions as a sweep begins; only listed partitions take part. */
export interface Checkpoint<K> {
  /** Redis time, and the monotonic time that goes with it. */
  readonly at: number;
  readonly mono: number;
  readonly versions: ReadonlyMap<K, ViewVersion>;
}

export class ListWatch<K, L extends Listed<K>, H extends Hint> {
  readonly #options: ListWatchOptions<K, L, H>;
  readonly #checksGaps: boolean;
  readonly #partitions = new Map<K, Partition<H>>();
  #state: "idle" | "running" | "stopped" = "idle";
  #subscribed = false;
  #subscribeFailures = 0;
  #flushDue = false;
  #retry: Cancel | undefined;
  #calls = 0;
  #troubled = false;
  #endSubscription: (() => Promise<void>) | undefined;
  #endReset: (() => void) | undefined;

  constructor(options: ListWatchOptions<K, L, H>, keys: Iterable<K>) {
    this.#options = options;
    this.#checksGaps = isGuarded(options.clock, "view-gap-check");
    for (const key of keys) this.#partitions.set(key, new Partition());
  }

  /** Begins to follow; resolves at once, whatever the backend does. */
  async start(): Promise<void> {
    if (this.#state !== "idle") return;
    this.#state = "running";
    this.#endReset = this.#options.source.onReset(() => this.#reset());
    void this.#subscribe();
  }

  /** Ends the subscription; what is known stays readable. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#retry?.();
    this.#endReset?.();
    const end = this.#endSubscription;
    this.#endSubscription = undefined;
    await end?.().catch(() => {});
  }

  /** True once every partition has been listed. */
  get ready(): boolean {
    if (this.#state === "idle") return false;
    for (const partition of this.#partitions.values()) if (!partition.version) return false;
    return true;
  }

  get stale(): boolean {
    if (this.#state !== "running") return true;
    for (const key of this.#partitions.keys()) if (this.isStale(key)) return true;
    return false;
  }

  /** Redis time up to which all partitions are known to be complete; 0 before they were listed. */
  get asOf(): number {
    if (this.#partitions.size === 0) return this.#options.now();
    let oldest = Number.POSITIVE_INFINITY;
    for (const { version, confirmedAt } of this.#partitions.values()) {
      if (!version) return 0;
      oldest = Math.min(oldest, confirmedAt);
    }
    return oldest;
  }

  version(key: K): ViewVersion | undefined {
    return this.#partitions.get(key)?.version;
  }

  isStale(key: K): boolean {
    const { clock, staleAfterMs } = this.#options;
    const partition = this.#partitions.get(key);
    if (!partition || this.#state !== "running") return true;
    return !partition.isFresh(clock.monotonic(), staleAfterMs);
  }

  /** Follows exactly these partitions from now on. */
  follow(keys: Iterable<K>): void {
    const wanted = new Set(keys);
    for (const key of [...this.#partitions.keys()]) {
      if (wanted.has(key)) continue;
      this.#partitions.delete(key);
      this.#options.sink.drop(key);
    }
    for (const key of wanted) {
      if (!this.#partitions.has(key)) this.#partitions.set(key, new Partition());
    }
    this.#schedule();
  }

  /** Lists a partition again; a listing under way is followed by another one. */
  refresh(key: K): void {
    this.#partitions.get(key)?.refresh();
    this.#schedule();
  }

  /**
   * Lists everything again: versions known so far are of other data, and their numbers may come
   * again for other rows.
   */
  renew(): void {
    this.#reset();
  }

  checkpoint(): Checkpoint<K> {
    const versions = new Map<K, ViewVersion>();
    for (const [key, { phase, version }] of this.#partitions) {
      if (phase === "listed" && version) versions.set(key, version);
    }
    return { at: this.#options.now(), mono: this.#options.clock.monotonic(), versions };
  }

  /** Compares with versions read after the checkpoint; a partition left out is in doubt. */
  swept(checkpoint: Checkpoint<K>, seen: ReadonlyMap<K, ViewVersion>): void {
    if (this.#state !== "running") return;
    for (const [key, partition] of this.#partitions) {
      // the backend answers: what waits for a retry is tried now
      partition.notBefore = 0;
      const before = checkpoint.versions.get(key);
      const { phase, version: applied } = partition;
      if (!before || !applied || phase !== "listed") continue;
      const version = seen.get(key);
      if (!version) partition.doubt();
      else if (judgeSweep(before, applied, version) === "list") partition.makeDue();
      else partition.confirm(checkpoint.at, checkpoint.mono);
    }
    this.#schedule();
    this.#options.sink.settled();
  }

  /** The backend did not answer the sweep: what is there is kept, and stale. */
  sweepFailed(): void {
    for (const partition of this.#partitions.values()) partition.doubt();
  }

  async #subscribe(): Promise<void> {
    const { source, logger, name, clock, random } = this.#options;
    try {
      const end = await source.subscribe((key, hint) => this.#deliver(key, hint));
      if (this.#state !== "running") {
        await end().catch(() => {});
        return;
      }
      this.#endSubscription = end;
      this.#subscribed = true;
      // what was delivered up to here is in the listings that begin now
      this.#schedule();
    } catch (error) {
      if (this.#state !== "running") return;
      this.#subscribeFailures += 1;
      if (this.#subscribeFailures === 1) logger.warn({ view: name, error }, "cannot subscribe yet");
      const delay = retryDelayMs(backendBackoff, this.#subscribeFailures, random.draw());
      this.#retry = clock.after(delay, () => void this.#subscribe());
    }
  }

  #reset(): void {
    if (this.#state !== "running") return;
    for (const partition of this.#partitions.values()) partition.reset(++this.#calls);
    this.#schedule();
  }

  #deliver(key: K, hint: H): void {
    const partition = this.#partitions.get(key);
    if (!partition || this.#state !== "running") return;
    if (partition.phase === "listed") this.#take(key, partition, hint);
    else if (partition.phase === "listing") partition.keep(hint);
    // a partition that is due is listed after this moment, and that includes the hint
  }

  #take(key: K, partition: Partition<H>, hint: H): void {
    const { version } = partition;
    if (!version) return;
    const isLater = hint.version.n > version.n;
    const before = this.#checksGaps || !isLater ? version : { ...version, n: hint.version.n - 1 };
    const verdict = judgeHint(before, hint);
    if (verdict === "known") return;
    if (verdict === "list") {
      partition.makeDue();
      this.#schedule();
      return;
    }
    partition.version = hint.version;
    this.#options.sink.apply(key, hint);
  }

  #schedule(): void {
    if (this.#flushDue || !this.#subscribed || this.#state !== "running") return;
    this.#flushDue = true;
    // one tick later, so that partitions that fall due together are listed together
    this.#options.clock.defer(() => {
      this.#flushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state !== "running") return;
    const { clock } = this.#options;
    const mono = clock.monotonic();
    const due: { key: K; failures: number }[] = [];
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [key, { failures, notBefore, phase }] of this.#partitions) {
      if (phase !== "due") continue;
      if (notBefore > mono) waitMs = Math.min(waitMs, notBefore - mono);
      else due.push({ key, failures });
    }
    this.#retry?.();
    this.#retry = Number.isFinite(waitMs) ? clock.after(waitMs, () => this.#flush()) : undefined;
    for (const keys of planListings(due)) void this.#list(keys);
  }

  async #list(keys: readonly K[]): Promise<void> {
    const { source, sink, clock, random } = this.#options;
    const call = ++this.#calls;
    const at = this.#options.now();
    const mono = clock.monotonic();
    const open = new Map<K, Partition<H>>();
    for (const key of keys) {
      const partition = this.#partitions.get(key);
      if (!partition) continue;
      partition.begin(call);
      open.set(key, partition);
    }
    let failure: unknown;
    try {
      const listings = await source.list(keys);
      for (const listing of listings) {
        const partition = open.get(listing.key);
        open.delete(listing.key);
        if (!partition || !this.#isCurrent(listing.key, partition, call)) continue;
        const before = partition.version;
        partition.listed(listing.version, at, mono);
        sink.replace(listing, before);
        this.#catchUp(listing.key, partition, call);
      }
    } catch (error) {
      failure = error;
    }
    if (this.#state !== "running") return;
    let failed = false;
    for (const [key, partition] of open) {
      if (!this.#isCurrent(key, partition, call)) continue;
      partition.failed(clock.monotonic(), random.draw());
      failed = true;
    }
    this.#report(failed, failure);
    this.#schedule();
    sink.settled();
  }

  #isCurrent(key: K, partition: Partition<H>, call: number): boolean {
    return (
      this.#state === "running" &&
      this.#partitions.get(key) === partition &&
      partition.call === call
    );
  }

  /** Applies what was published while the listing was under way. */
  #catchUp(key: K, partition: Partition<H>, call: number): void {
    const { hints, again } = partition.takeBuffer();
    for (const hint of hints) {
      // after a gap, or when a listener asked for it, another listing is due
      if (partition.phase !== "listed" || partition.call !== call) return;
      this.#take(key, partition, hint);
    }
    if (again) partition.makeDue();
  }

  /** Says it once when trouble begins and once when it has ended. */
  #report(failed: boolean, error: unknown): void {
    const { logger, name } = this.#options;
    if (failed && !this.#troubled) {
      logger.warn({ view: name, error }, "cannot list: keeping the rows known so far");
    } else if (!failed && this.#troubled) {
      logger.info({ view: name }, "listing works again");
    }
    this.#troubled = failed;
  }
}
