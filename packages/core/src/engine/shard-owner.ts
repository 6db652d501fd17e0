/**
 * One owned shard. Data flows one way: accept → (fetch) → turn → batch → commit → settle. Turns go
 * on while a commit is in flight and fill the next batch. On any refusal everything speculated is
 * dropped, and callers of this node are sent elsewhere (I1, I2, I3).
 */
import type { EntryId, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Position } from "../model/position.ts";
import type { Claim, CommitAnswer, MailEntry, Refusal } from "../ports/shard-store.ts";
import type { ActorCell, LocalCaller, TurnRequest } from "./actor-cell.ts";
import { type CommitBatch, Unwritable } from "./commit-batch.ts";
import { isAfter } from "./inbox.ts";
import type { ReadAnswer } from "./mail-reader.ts";
import type { OwnerContext } from "./owner-context.ts";
import { composeOwner, type Grant, type OwnerParts } from "./owner-parts.ts";
import { takeOver } from "./take-over.ts";

const maxBatchTurns = 256;
const maxBatchBytes = 1_048_576;
/** Beyond it they are forgotten, and found again when they offend again. */
const maxSuspects = 10_000;

export class ShardOwner {
  readonly shard: ShardId;
  readonly #owner: OwnerContext;
  readonly #grant: Grant;
  readonly #parts: OwnerParts;
  #pumpScheduled = false;
  #state: "running" | "draining" | "gone" = "running";
  #drained: (() => void) | undefined;
  /** Came while others were under suspicion, and goes to the next owner. */
  readonly #unstarted: TurnRequest[] = [];

  constructor(owner: OwnerContext, grant: Grant) {
    this.shard = grant.claim.shard;
    this.#owner = owner;
    this.#grant = grant;
    this.#parts = composeOwner(owner, grant, {
      isOpen: () => this.#state === "running",
      ready: () => this.#schedule(),
      refused: (refusal) => this.#fall(refusal),
      accepted: (batch, answer) => this.#accepted(batch, answer),
      uncuttable: (error) => this.#uncuttable(error),
    });
  }

  get claim(): Claim {
    return this.#grant.claim;
  }
  get epoch(): number {
    return this.#grant.fence.epoch;
  }
  /** The last commit that was acknowledged. */
  get written(): Position {
    return { epoch: this.epoch, seq: this.#parts.line.seq };
  }
  get isRunning(): boolean {
    return this.#state === "running";
  }
  /** Commands that wait in memory. */
  get queued(): number {
    return this.#parts.queued();
  }

  /** When the oldest command that waits in the mailbox or in memory was stored; epoch ms. */
  get oldestEntryAt(): number | undefined {
    return this.#parts.inbox.oldestAt;
  }
  get timers(): number {
    return this.#parts.timers.size;
  }
  /** Effects recorded whose outcome was not taken yet. */
  get effects(): { readonly recorded: number; readonly running: number } {
    const { recordedCount, runningCount } = this.#parts.effects;
    return { recorded: recordedCount, running: runningCount };
  }
  /** Messages for other shards that these have not taken yet. */
  get unsent(): number {
    return this.#parts.outbox.waiting;
  }

  /** Actors and kinds that take no more commands from outside, if there are any. */
  get closed(): ReadonlySet<string> | undefined {
    return this.#parts.congestion.closed;
  }

  /** Told messages that wait for another owner, by kind. */
  get waiting(): ReadonlyMap<string, number> {
    return this.#parts.parking.waiting;
  }

  /** Tells whether the kind can be run here. */
  knows(kind: string): boolean {
    return this.#owner.kinds.get(kind) !== undefined;
  }

  /** Begins: takes over effects, unsent messages and timers, and reads the mailbox. */
  start(): void {
    takeOver(this.#parts, this.#grant);
    this.#parts.mail.read();
    this.#schedule();
  }

  /** Takes a command from this node. Call only while {@link isRunning}. */
  submit(message: Message, local: LocalCaller): void {
    this.#parts.intake.submit(message, local);
  }

  /** Takes a wake-up, which may carry the entry itself. */
  wake(entry: MailEntry | undefined, previous: EntryId | undefined): void {
    this.#parts.mail.offer(entry, previous);
  }
  /** Reads the mailbox from where it stands. */
  read(): void {
    this.#parts.mail.read();
  }
  /** Tells whether everything up to `entry` has been taken in. */
  hasRead(entry: EntryId): boolean {
    return !isAfter(entry, this.#parts.inbox.lastRead);
  }
  sweepFrom(): EntryId | undefined {
    return this.#parts.mail.sweepFrom();
  }
  swept(after: EntryId, answer: ReadAnswer): void {
    this.#parts.mail.swept(after, answer);
  }

  /** Stops what runs outside the turns while the node may not trust itself. */
  suspend(): void {
    this.#parts.effects.abortRunning();
  }
  /** Takes up work again after trust came back. */
  resume(): void {
    this.#parts.timers.arm();
    this.#parts.effects.resume();
    this.#schedule();
  }

  /** Stops intake, hands back what was not begun, and resolves when the rest is written. */
  async drain(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "draining";
    this.#stopParts();
    // The next owner would run these effects once more, or call them interrupted.
    if (this.#owner.trusted()) {
      for (const { cell, request } of this.#parts.cells.takeOutcomes()) this.#run(cell, request);
    }
    this.#handBack();
    if (this.#parts.line.isClear) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#schedule();
    await drained;
  }

  /** Ends at once: everything not committed is dropped and handed back. */
  abandon(finalSeq?: number): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#stopParts();
    this.#parts.line.abandon(finalSeq);
    // With the commit that stands though its answer was lost: its callers here were told (I2).
    this.#owner.losses.accepted(this.shard, this.written);
    this.#handBack();
    this.#parts.cells.end();
    this.#parts.checks.stop();
    this.#drained?.();
  }

  #stopParts(): void {
    this.#parts.effects.stop();
    this.#parts.outbox.stop();
    this.#parts.timers.stop();
    this.#parts.deferrals.stop();
    this.#unstarted.push(...this.#parts.probation.stop());
  }

  #handBack(): void {
    const waiting = [...this.#parts.cells.takeAll(), ...this.#unstarted.splice(0)];
    for (const { local, message, tries } of waiting) {
      if (local && tries) local.tried(tries.attempts, tries.firstAt);
      if (local) local.notApplied();
      // The outcome of an effect is nowhere but here: the next owner would run it once more.
      else if (message.effectId !== undefined) this.#owner.tell(message);
    }
  }

  #fall(refusal: Refusal): void {
    if (this.#state === "gone") return;
    this.abandon(refusal.kind === "fenced" ? refusal.finalSeq : undefined);
    this.#owner.fallen(this, refusal);
  }

  // Turns and commits.

  #schedule(): void {
    if (this.#pumpScheduled || this.#state === "gone") return;
    this.#pumpScheduled = true;
    this.#owner.pace.soon(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#state === "gone" || !this.#owner.trusted()) return;
    const line = this.#parts.line;
    const { clock, meter } = this.#owner;
    // One look at the clock for each turn: where one ends the next begins.
    let began = -1;
    while (line.batch.turns < maxBatchTurns && line.batch.bytes < maxBatchBytes) {
      const turn = this.#parts.cells.next();
      if (!turn) break;
      if (began < 0) began = clock.monotonic();
      this.#run(turn.cell, turn.request);
      const ended = clock.monotonic();
      meter.turnMs.add(ended - began);
      began = ended;
    }
    line.flush();
    this.#owner.residency.retry();
    this.#parts.mail.catchUp();
    if (this.#state === "draining" && line.isClear) this.#drained?.();
  }

  #run(cell: ActorCell, request: TurnRequest): void {
    const { probation } = this.#parts;
    const isProbed = request.probe !== undefined;
    if (isProbed && !probation.mayRun(cell, request)) return;
    try {
      this.#parts.desk.run(cell, request);
    } catch (error) {
      // The embedding server must not end because of one command (I9).
      this.#owner.logger.error({ actor: cell.key, error: String(error) }, "a turn broke off");
      this.#parts.failures.failed(request, error);
    }
    if (isProbed) probation.ran(cell, request);
  }

  #accepted(batch: CommitBatch, answer: Extract<CommitAnswer, { kind: "committed" }>): void {
    const { localEntry, localPrevious, repliesKept } = answer;
    // The batch being filled keeps replies that the store has not counted.
    const unwritten = this.#parts.line.batch.idempotency.size;
    if (repliesKept !== undefined) this.#parts.replies.counted(repliesKept + unwritten);
    if (localEntry !== undefined && this.#state === "running") {
      const payloads = batch.localPayload ? [batch.localPayload] : [];
      this.#parts.mail.offer({ id: localEntry, payloads }, localPrevious);
    }
    const isShort = answer.durability === "short";
    for (const settlement of batch.settlements) {
      if (isShort && settlement.short) settlement.short();
      else settlement.applied();
    }
    if (batch.outAdd.length > 0) this.#parts.outbox.committed(batch.outAdd);
    this.#schedule();
  }

  /**
   * A state, row or reply cannot be written, and its turn did not notice: drop the batch and run it
   * again, checking each turn of that actor.
   */
  #uncuttable(error: unknown): void {
    const { suspects } = this.#owner;
    if (suspects.size >= maxSuspects) suspects.clear();
    if (error instanceof Unwritable) suspects.add(error.key);
    this.#owner.logger.error({ shard: this.shard, error: String(error) }, "a batch was dropped");
    this.#fall({ kind: "fenced", finalSeq: this.#parts.line.seq });
  }
}
