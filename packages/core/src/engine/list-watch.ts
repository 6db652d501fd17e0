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
import type { RetryPolicy } from "../model/retry-policy.ts";
import { retryDelayMs } from "../model/retry-policy.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewVersion } from "../ports/view-store.ts";
import { planListings } from "./listing-plan.ts";
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

interface Partition<H> {
  version: ViewVersion | undefined;
  phase: "due" | "listing" | "listed";
  /** Number of the last listing begun; an answer to an earlier one is dropped. */
  call: number;
  buffer: H[];
  /** What was buffered is not enough: list once more after this listing. */
  again: boolean;
  failures: number;
  /** Monotonic time before which a failed listing is not repeated. */
  notBefore: number;
  /** The backend could not confirm it lately. */
  unconfirmed: boolean;
  confirmedAt: number;
  confirmedMono: number;
}

/** Versions as a sweep begins; only listed partitions take part. */
export interface Checkpoint<K> {
  readonly at: number;
  readonly mono: number;
  readonly versions: ReadonlyMap<K, { readonly version: ViewVersion; readonly call: number }>;
}

const maxBuffered = 1_000;
const backoff: RetryPolicy = {
  strategy: "exponential",
  baseMs: 50,
  maxMs: 2_000,
  maxAttempts: 0,
  jitter: 0.2,
};

const newPartition = <H>(): Partition<H> => ({
  version: undefined,
  phase: "due",
  call: 0,
  buffer: [],
  again: false,
  failures: 0,
  notBefore: 0,
  unconfirmed: false,
  confirmedAt: 0,
  confirmedMono: 0,
});

export class ListWatch<K, L extends Listed<K>, H extends Hint> {
  readonly #options: ListWatchOptions<K, L, H>;
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
    for (const key of keys) this.#partitions.set(key, newPartition());
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
    for (const partition of this.#partitions.values()) if (!partition.version) return false;
    return this.#state !== "idle";
  }

  get stale(): boolean {
    for (const key of this.#partitions.keys()) if (this.isStale(key)) return true;
    return this.#state !== "running";
  }

  /** Redis time up to which all partitions are known to be complete; 0 before they were listed. */
  get asOf(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { version, confirmedAt } of this.#partitions.values()) {
      if (!version) return 0;
      oldest = Math.min(oldest, confirmedAt);
    }
    return oldest === Number.POSITIVE_INFINITY ? this.#options.now() : oldest;
  }

  version(key: K): ViewVersion | undefined {
    return this.#partitions.get(key)?.version;
  }

  isStale(key: K): boolean {
    const partition = this.#partitions.get(key);
    if (!partition || partition.phase !== "listed" || partition.unconfirmed) return true;
    // also tells a process that was frozen, before anything else has run in it
    const age = this.#options.clock.monotonic() - partition.confirmedMono;
    return age > this.#options.staleAfterMs || this.#state !== "running";
  }

  /** Follows exactly these partitions from now on. */
  follow(keys: Iterable<K>): void {
    const wanted = new Set(keys);
    for (const key of this.#partitions.keys()) {
      if (wanted.has(key)) continue;
      this.#partitions.delete(key);
      this.#options.sink.drop(key);
    }
    for (const key of wanted) {
      if (!this.#partitions.has(key)) this.#partitions.set(key, newPartition());
    }
    this.#schedule();
  }

  /** Lists a partition again; an answer under way is followed by another listing. */
  refresh(key: K): void {
    const partition = this.#partitions.get(key);
    if (!partition) return;
    if (partition.phase === "listing") partition.again = true;
    else this.#makeDue(partition);
    this.#schedule();
  }

  checkpoint(): Checkpoint<K> {
    const versions = new Map<K, { version: ViewVersion; call: number }>();
    for (const [key, { phase, version, call }] of this.#partitions) {
      if (phase === "listed" && version) versions.set(key, { version, call });
    }
    return { at: this.#options.now(), mono: this.#options.clock.monotonic(), versions };
  }

  /** Compares with versions read after the checkpoint; partitions left out stay unconfirmed. */
  swept(checkpoint: Checkpoint<K>, seen: ReadonlyMap<K, ViewVersion>): void {
    if (this.#state !== "running") return;
    for (const [key, partition] of this.#partitions) {
      partition.notBefore = 0;
      const before = checkpoint.versions.get(key);
      const applied = partition.version;
      if (!before || !applied || partition.phase !== "listed" || partition.call !== before.call) {
        continue;
      }
      const version = seen.get(key);
      if (!version) partition.unconfirmed = true;
      else if (judgeSweep(before.version, applied, version) === "list") this.#makeDue(partition);
      else this.#confirm(partition, checkpoint.at, checkpoint.mono);
    }
    this.#schedule();
    this.#options.sink.settled();
  }

  /** The backend did not answer the sweep: what is there is kept, and stale. */
  sweepFailed(): void {
    for (const partition of this.#partitions.values()) partition.unconfirmed = true;
  }

  #confirm(partition: Partition<H>, at: number, mono: number): void {
    partition.unconfirmed = false;
    partition.confirmedAt = Math.max(partition.confirmedAt, at);
    partition.confirmedMono = Math.max(partition.confirmedMono, mono);
  }

  #makeDue(partition: Partition<H>): void {
    partition.phase = "due";
    partition.buffer = [];
    partition.again = false;
  }

  async #subscribe(): Promise<void> {
    const { source, logger, name } = this.#options;
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
      this.#subscribeFailures += 1;
      if (this.#subscribeFailures === 1) logger.warn({ view: name, error }, "cannot subscribe yet");
      if (this.#state !== "running") return;
      const delay = retryDelayMs(backoff, this.#subscribeFailures, this.#options.random.draw());
      this.#retry = this.#options.clock.after(delay, () => void this.#subscribe());
    }
  }

  #reset(): void {
    if (this.#state !== "running") return;
    for (const partition of this.#partitions.values()) {
      // a listing under way may have been answered before the cut: its call number is passed over
      this.#makeDue(partition);
      partition.call = ++this.#calls;
      partition.failures = 0;
      partition.notBefore = 0;
    }
    this.#schedule();
  }

  #deliver(key: K, hint: H): void {
    const partition = this.#partitions.get(key);
    // a partition that is due is listed after this moment, which includes the hint
    if (!partition || partition.phase === "due" || this.#state !== "running") return;
    if (partition.phase === "listed") {
      this.#take(key, partition, hint);
    } else if (partition.buffer.length < maxBuffered) {
      partition.buffer.push(hint);
    } else {
      partition.again = true;
    }
  }

  #take(key: K, partition: Partition<H>, hint: H): void {
    if (!partition.version) return;
    const verdict = judgeHint(partition.version, hint);
    if (verdict === "known") return;
    if (verdict === "list") {
      this.#makeDue(partition);
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
    const mono = this.#options.clock.monotonic();
    const due: { key: K; failures: number }[] = [];
    let wait = Number.POSITIVE_INFINITY;
    for (const [key, partition] of this.#partitions) {
      if (partition.phase !== "due") continue;
      if (partition.notBefore > mono) wait = Math.min(wait, partition.notBefore - mono);
      else due.push({ key, failures: partition.failures });
    }
    this.#retry?.();
    this.#retry = undefined;
    if (wait < Number.POSITIVE_INFINITY) {
      this.#retry = this.#options.clock.after(wait, () => this.#flush());
    }
    for (const keys of planListings(due)) void this.#list(keys);
  }

  async #list(keys: readonly K[]): Promise<void> {
    const { source, sink, clock, now } = this.#options;
    const call = ++this.#calls;
    const at = now();
    const mono = clock.monotonic();
    const mine = new Map<K, Partition<H>>();
    for (const key of keys) {
      const partition = this.#partitions.get(key);
      if (!partition) continue;
      partition.phase = "listing";
      partition.call = call;
      partition.buffer = [];
      partition.again = false;
      mine.set(key, partition);
    }
    let failure: unknown;
    try {
      for (const listing of await source.list(keys)) {
        const partition = mine.get(listing.key);
        if (!partition || this.#state !== "running") continue;
        mine.delete(listing.key);
        if (!this.#isCurrent(listing.key, partition, call)) continue;
        const before = partition.version;
        partition.version = listing.version;
        partition.phase = "listed";
        partition.failures = 0;
        this.#confirm(partition, at, mono);
        sink.replace(listing, before);
        this.#catchUp(listing.key, partition, call);
      }
    } catch (error) {
      failure = error;
    }
    if (this.#state !== "running") return;
    for (const [key, partition] of mine) {
      if (this.#isCurrent(key, partition, call)) this.#failed(partition);
    }
    this.#report(mine.size > 0, failure);
    this.#schedule();
    sink.settled();
  }

  #isCurrent(key: K, partition: Partition<H>, call: number): boolean {
    return this.#partitions.get(key) === partition && partition.call === call;
  }

  /** Applies what was published while the listing was under way. */
  #catchUp(key: K, partition: Partition<H>, call: number): void {
    const { buffer, again } = partition;
    partition.buffer = [];
    for (const hint of buffer) {
      // a listener may have asked for another listing meanwhile
      if (partition.phase !== "listed" || partition.call !== call) return;
      this.#take(key, partition, hint);
    }
    if (again) this.#makeDue(partition);
  }

  #failed(partition: Partition<H>): void {
    this.#makeDue(partition);
    partition.failures += 1;
    partition.unconfirmed = true;
    const delay = retryDelayMs(backoff, partition.failures, this.#options.random.draw());
    partition.notBefore = this.#options.clock.monotonic() + delay;
  }

  /** Says it once when trouble begins and once when it has ended. */
  #report(failed: boolean, error: unknown): void {
    const { logger, name } = this.#options;
    if (failed && !this.#troubled) {
      this.#troubled = true;
      logger.warn({ view: name, error }, "cannot list: keeping the rows known so far");
    } else if (!failed && this.#troubled) {
      this.#troubled = false;
      logger.info({ view: name }, "listing works again");
    }
  }
}
