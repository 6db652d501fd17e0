/**
 * The commits of one claim, in order: one in flight, numbered, resent until answered, while the
 * next batch fills (I1, I2). Nothing of a batch is told to anyone before its commit was accepted.
 */
import type { Clock } from "../ports/clock.ts";
import type {
  Claim,
  CommitAnswer,
  CommitRequest,
  Refusal,
  ShardStore,
} from "../ports/shard-store.ts";
import { backoff } from "./backoff.ts";
import { CommitBatch } from "./commit-batch.ts";
import { isGuarded } from "./guards.ts";
import type { Meter } from "./meter.ts";

export interface CommitLineContext {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly claim: Claim;
  /** Replicas must have a commit before its callers hear of it. */
  readonly isReplicated: boolean;
  readonly meter: Pick<Meter, "commits" | "commitMs" | "commitsResent" | "commitsRefused">;
  /** Cuts a batch into its request; throws when the batch cannot be written at all. */
  cut(batch: CommitBatch, seq: number): CommitRequest;
  accepted(batch: CommitBatch, answer: Extract<CommitAnswer, { kind: "committed" }>): void;
  /** The batch could not be cut. */
  uncuttable(error: unknown): void;
  refused(refusal: Refusal): void;
}

/** Turns that are sent without waiting for more. */
const fullBatch = 128;

export class CommitLine {
  readonly #context: CommitLineContext;
  readonly #answersAfterCommit: boolean;
  #batch = new CommitBatch();
  #flying: CommitBatch | undefined;
  #seq = 0;
  /** Turns of the last batch: tells whether there is company to wait for. */
  #lastTurns = 0;
  #deferred = false;

  constructor(context: CommitLineContext) {
    this.#context = context;
    this.#answersAfterCommit = isGuarded(context.clock, "answer-after-commit");
  }

  /** The batch being filled. */
  get batch(): CommitBatch {
    return this.#batch;
  }
  /** The batch whose commit was not answered yet. */
  get flying(): CommitBatch | undefined {
    return this.#flying;
  }
  /** True when nothing waits to be written. */
  get isClear(): boolean {
    return this.#flying === undefined && this.#batch.isEmpty;
  }
  /** Number of the last accepted commit. */
  get seq(): number {
    return this.#seq;
  }

  /**
   * Sends the filled batch, unless one is on its way. While several turns share a commit, it waits
   * for what else this turn of the event loop brings; a single caller is never kept waiting.
   */
  flush(): void {
    if (this.#flying || this.#deferred || this.#batch.isEmpty) return;
    if (this.#lastTurns <= 1 || this.#batch.turns >= fullBatch) {
      this.#send();
      return;
    }
    this.#deferred = true;
    this.#context.clock.defer(() => {
      this.#deferred = false;
      if (!this.#flying && !this.#batch.isEmpty) this.#send();
    });
  }

  #send(): void {
    const batch = this.#batch;
    const seq = this.#seq + 1;
    let request: CommitRequest;
    try {
      request = this.#context.cut(batch, seq);
    } catch (error) {
      this.#context.uncuttable(error);
      return;
    }
    this.#lastTurns = batch.turns;
    this.#batch = new CommitBatch();
    this.#flying = batch;
    void this.#deliver(batch, seq, request);
    if (!this.#answersAfterCommit) for (const each of batch.settlements.splice(0)) each.applied();
  }

  /**
   * Drops everything not committed and settles who waited for it. `finalSeq` is the last number
   * that Redis accepted under this claim, where it is known: it tells what became of the batch in
   * flight.
   */
  abandon(finalSeq: number | undefined): void {
    const flying = this.#flying;
    const filled = this.#batch;
    this.#flying = undefined;
    this.#batch = new CommitBatch();
    for (const settlement of flying?.settlements ?? []) {
      if (finalSeq === undefined) settlement.unknown();
      else if (finalSeq > this.#seq) {
        // It stands; whether replicas have it was not told.
        if (this.#context.isReplicated) settlement.unknown();
        else settlement.applied();
      } else settlement.notApplied();
    }
    this.#seq = Math.max(this.#seq, finalSeq ?? 0);
    for (const settlement of filled.settlements) settlement.notApplied();
  }

  async #deliver(batch: CommitBatch, seq: number, request: CommitRequest): Promise<void> {
    const { clock, meter } = this.#context;
    const began = clock.monotonic();
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#context.store.commit(request);
        if (answer.kind === "committed") {
          meter.commits += 1;
          meter.commitMs.add(clock.monotonic() - began);
        } else meter.commitsRefused += 1;
        if (this.#flying === batch) this.#judge(batch, seq, answer);
        return;
      } catch {
        // The outcome is unknown; the only cure is the same sequence number again.
        await backoff(clock, attempt);
        if (this.#flying !== batch) return;
        meter.commitsResent += 1;
      }
    }
  }

  #judge(batch: CommitBatch, seq: number, answer: CommitAnswer): void {
    switch (answer.kind) {
      case "committed":
        this.#seq = seq;
        this.#flying = undefined;
        this.#context.accepted(batch, answer);
        return;
      case "conflict":
      case "gap":
        this.#context.refused({ kind: "lost" });
        return;
      default:
        this.#context.refused(answer);
    }
  }
}
