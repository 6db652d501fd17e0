/**
 * One owned shard. Data flows one way: accept → (fetch) → turn → batch → commit → settle. Turns go
 * on while a commit is in flight and fill the next batch. On any refusal everything speculated is
 * dropped, and callers of this node are sent elsewhere (I1, I2, I3).
 */
import { encode } from "../codec.ts";
import type { Facts } from "../define-actor.ts";
import type { EntryId, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Position } from "../model/position.ts";
import type {
  Claim,
  CommitAnswer,
  CommitRequest,
  MailEntry,
  OutMessage,
  Refusal,
  ShardImage,
} from "../ports/shard-store.ts";
import type { ActorCell, LocalCaller, TurnRequest } from "./actor-cell.ts";
import { ActorCells } from "./actor-cells.ts";
import { type CommitBatch, Unwritable } from "./commit-batch.ts";
import { CommitLine } from "./commit-line.ts";
import { Congestion } from "./congestion.ts";
import { DecisionWriter } from "./decision-writer.ts";
import { DeferralDesk } from "./deferral-desk.ts";
import { EffectRunner } from "./effect-runner.ts";
import { Failures } from "./failures.ts";
import { Inbox, isAfter } from "./inbox.ts";
import { Intake } from "./intake.ts";
import { MailReader, type ReadAnswer } from "./mail-reader.ts";
import { Outbox } from "./outbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import { Parking } from "./parking.ts";
import { ReadChecks } from "./read-checks.ts";
import { ReplyMemory } from "./reply-memory.ts";
import { TimerSet } from "./timer-set.ts";
import { TurnDesk } from "./turn-desk.ts";
import { TurnEnd } from "./turn-end.ts";
import { decodeEffect, type EffectRecord, encodeEffect } from "./wire.ts";

const maxBatchTurns = 256;
const maxBatchBytes = 1_048_576;
/** Bytes of mail held in memory before reading the mailbox pauses. */
const maxAdmittedBytes = 16_777_216;
/** Beyond it they are forgotten, and found again when they offend again. */
const maxSuspects = 10_000;

/** What the owner was granted, beside its claim. */
export interface Grant {
  readonly claim: Claim;
  readonly fence: Facts["fence"];
  readonly outId: OutMessage["outId"];
  readonly notBefore: RedisMs;
  readonly image: ShardImage;
}

export class ShardOwner {
  readonly shard: ShardId;
  readonly #owner: OwnerContext;
  readonly #grant: Grant;
  readonly #inbox: Inbox;
  readonly #mail: MailReader;
  readonly #cells: ActorCells;
  readonly #line: CommitLine;
  readonly #desk: TurnDesk;
  readonly #failures: Failures;
  readonly #parking: Parking;
  readonly #congestion: Congestion;
  readonly #intake: Intake;
  readonly #timers: TimerSet;
  readonly #outbox: Outbox;
  readonly #effects: EffectRunner;
  readonly #deferrals: DeferralDesk;
  readonly #replies: ReplyMemory;
  readonly #checks: ReadChecks;
  #pumpScheduled = false;
  #state: "running" | "draining" | "gone" = "running";
  #drained: (() => void) | undefined;

  constructor(owner: OwnerContext, grant: Grant) {
    const { store, clock, logger, kinds } = owner;
    const { claim, image } = grant;
    const isOpen = () => this.#state === "running";
    const refused = (refusal: Refusal) => this.#fall(refusal);
    this.shard = claim.shard;
    this.#owner = owner;
    this.#grant = grant;
    this.#inbox = new Inbox(image.partial);
    this.#replies = new ReplyMemory(image.idempotencyCount);
    this.#mail = new MailReader({
      store,
      claim,
      isOpen,
      refused,
      lastRead: () => this.#inbox.lastRead,
      takenOverAt: image.lastEntry,
      isFull: () =>
        this.#cells.queued > 2 * owner.settings.mailboxPerActor ||
        this.#inbox.bytes > maxAdmittedBytes,
      accept: (entry) => {
        this.#intake.entry(entry);
        this.#schedule();
      },
    });
    this.#congestion = new Congestion({
      line: () => this.#line,
      ready: () => this.#schedule(),
    });
    this.#cells = new ActorCells({
      store,
      clock,
      monotonic: owner.monotonic,
      claim,
      kinds,
      logger,
      replies: this.#replies,
      residency: owner.residency,
      mailboxPerActor: owner.settings.mailboxPerActor,
      congestion: this.#congestion,
      isUnwritten: (cell) =>
        this.#line.batch.dirty.has(cell) || this.#line.flying?.dirty.has(cell) === true,
      isOpen,
      refused,
      ready: () => this.#schedule(),
    });
    this.#line = new CommitLine({
      store,
      clock,
      claim,
      refused,
      cut: (batch, seq) => this.#cut(batch, seq),
      accepted: (batch, answer) => this.#accepted(batch, answer),
      uncuttable: (error) => this.#uncuttable(error),
    });
    this.#checks = new ReadChecks(store, clock, claim, refused);
    this.#timers = new TimerSet(clock, owner.now, (timer) => this.#intake.timerDue(timer));
    this.#outbox = new Outbox(
      {
        shard: this.shard,
        clock,
        append: (request) => store.append(request),
        delivered: (messages) => {
          this.#line.batch.outRemove.push(...messages);
          this.#schedule();
        },
        gap: (target, outId, number) =>
          owner.losses.compareBatches(target, { kind: "shard", shard: this.shard, outId, number }),
      },
      grant.outId,
      image.outNumbers,
      image.out,
    );
    this.#effects = new EffectRunner({
      clock,
      logger,
      kinds,
      random: owner.random,
      slots: owner.effectSlots,
      fence: grant.fence,
      historyId: claim.historyId,
      development: owner.development,
      now: owner.now,
      trusted: () => isOpen() && owner.trusted(),
      callsOf: owner.callsOf,
      save: (id, record) => this.#saveEffect(id, record),
      finish: (outcome) => this.#intake.outcome(outcome, isOpen()),
    });
    this.#deferrals = new DeferralDesk({
      owner,
      line: this.#line,
      replies: this.#replies,
      ready: () => this.#schedule(),
    });
    const writer = new DecisionWriter(owner, claim, {
      timers: this.#timers,
      outbox: this.#outbox,
      effects: this.#effects,
      deferrals: this.#deferrals,
    });
    const end = new TurnEnd({
      line: this.#line,
      inbox: this.#inbox,
      timers: this.#timers,
      effects: this.#effects,
      checks: this.#checks,
    });
    this.#failures = new Failures({
      owner,
      line: this.#line,
      end,
      holdBack: (cell, request, delayMs) => this.#holdBack(cell, request, delayMs),
    });
    this.#parking = new Parking({
      owner,
      failures: this.#failures,
      inbox: this.#inbox,
      congestion: this.#congestion,
    });
    this.#intake = new Intake({
      owner,
      claim,
      line: this.#line,
      inbox: this.#inbox,
      cells: this.#cells,
      failures: this.#failures,
      congestion: this.#congestion,
    });
    this.#desk = new TurnDesk({
      owner,
      writer,
      fence: grant.fence,
      line: this.#line,
      timers: this.#timers,
      effects: this.#effects,
      deferrals: this.#deferrals,
      replies: this.#replies,
      end,
      failures: this.#failures,
      parking: this.#parking,
      holdBack: (cell, request) => this.#cells.hold(cell, request),
      release: (cell) => this.#cells.release(cell),
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
    return { epoch: this.epoch, seq: this.#line.seq };
  }
  get isRunning(): boolean {
    return this.#state === "running";
  }
  /** Commands that wait in memory. */
  get queued(): number {
    return this.#cells.queued;
  }

  /** Actors and kinds that take no more commands from outside, if there are any. */
  get closed(): ReadonlySet<string> | undefined {
    return this.#congestion.closed;
  }

  /** Told messages that wait for another owner, by kind. */
  get waiting(): ReadonlyMap<string, number> {
    return this.#parking.waiting;
  }

  /** Tells whether the kind can be run here. */
  knows(kind: string): boolean {
    return this.#owner.kinds.get(kind) !== undefined;
  }

  /** Begins: takes over effects, unsent messages and timers, and reads the mailbox. */
  start(): void {
    const { image, notBefore } = this.#grant;
    const { batch } = this.#line;
    for (const member of this.#timers.load(image.timers)) {
      batch.dead.set(`timer:${this.#owner.random.id()}`, encode(["timer", "unreadable", member]));
      batch.timersRemoved.push(member);
    }
    for (const { id, record } of image.effects) {
      const effect = decodeEffect(record);
      if (effect) this.#effects.adopt(id, effect, notBefore);
      else {
        batch.dead.set(`effect:${id}`, encode(["effect", "unreadable", record]));
        batch.effectsRemoved.add(id);
      }
    }
    this.#deferrals.load(image.deferrals, batch);
    this.#outbox.sendAll();
    this.#timers.arm();
    this.#mail.read();
    this.#schedule();
  }

  /** Takes a command from this node. Call only while {@link isRunning}. */
  submit(message: Message, local: LocalCaller): void {
    this.#intake.submit(message, local);
  }

  /** Takes a wake-up, which may carry the entry itself. */
  wake(entry: MailEntry | undefined, previous: EntryId | undefined): void {
    this.#mail.offer(entry, previous);
  }
  /** Reads the mailbox from where it stands. */
  read(): void {
    this.#mail.read();
  }
  /** Tells whether everything up to `entry` has been taken in. */
  hasRead(entry: EntryId): boolean {
    return !isAfter(entry, this.#inbox.lastRead);
  }
  sweepFrom(): EntryId | undefined {
    return this.#mail.sweepFrom();
  }
  swept(after: EntryId, answer: ReadAnswer): void {
    this.#mail.swept(after, answer);
  }

  /** Stops what runs outside the turns while the node may not trust itself. */
  suspend(): void {
    this.#effects.abortRunning();
  }
  /** Takes up work again after trust came back. */
  resume(): void {
    this.#timers.arm();
    this.#effects.resume();
    this.#schedule();
  }

  /** Stops intake, hands back what was not begun, and resolves when the rest is written. */
  async drain(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "draining";
    this.#stopParts();
    // The next owner would run these effects once more, or call them interrupted.
    if (this.#owner.trusted()) {
      for (const { cell, request } of this.#cells.takeOutcomes()) this.#run(cell, request);
    }
    this.#handBack();
    if (this.#line.isClear) return;
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
    this.#owner.losses.accepted(this.shard, this.written);
    this.#stopParts();
    this.#line.abandon(finalSeq);
    this.#handBack();
    this.#cells.end();
    this.#checks.stop();
    this.#drained?.();
  }

  #stopParts(): void {
    this.#effects.stop();
    this.#outbox.stop();
    this.#timers.stop();
    this.#deferrals.stop();
  }

  #handBack(): void {
    for (const { local, message } of this.#cells.takeAll()) {
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

  #holdBack(cell: ActorCell, request: TurnRequest, delay: number): void {
    this.#cells.hold(cell, request);
    this.#owner.clock.after(delay, () => {
      if (this.#state === "running") this.#cells.release(cell);
    });
  }

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
    const line = this.#line;
    while (line.batch.turns < maxBatchTurns && line.batch.bytes < maxBatchBytes) {
      const turn = this.#cells.next();
      if (!turn) break;
      this.#run(turn.cell, turn.request);
    }
    line.flush();
    this.#owner.residency.retry();
    this.#mail.catchUp();
    if (this.#state === "draining" && line.isClear) this.#drained?.();
  }

  #run(cell: ActorCell, request: TurnRequest): void {
    try {
      this.#desk.run(cell, request);
    } catch (error) {
      // The embedding server must not end because of one command (I9).
      this.#owner.logger.error({ actor: cell.key, error: String(error) }, "a turn broke off");
      this.#failures.failed(request, error);
    }
  }

  #cut(batch: CommitBatch, seq: number): CommitRequest {
    return batch.toRequest({
      claim: this.claim,
      epoch: this.epoch,
      seq,
      hash: this.#owner.newHash(),
      sender: `shard:${this.shard}`,
      now: this.#owner.now(),
      maxReplyBytes: this.#owner.settings.maxMessageBytes,
      mail: this.#inbox.cut(),
    });
  }

  #accepted(batch: CommitBatch, answer: Extract<CommitAnswer, { kind: "committed" }>): void {
    const { localEntry, localPrevious, repliesKept } = answer;
    // The batch being filled keeps replies that the store has not counted.
    const unwritten = this.#line.batch.idempotency.size;
    if (repliesKept !== undefined) this.#replies.counted(repliesKept + unwritten);
    if (localEntry !== undefined && this.#state === "running") {
      const payloads = batch.localPayload ? [batch.localPayload] : [];
      this.#mail.offer({ id: localEntry, payloads }, localPrevious);
    }
    for (const settlement of batch.settlements) settlement.applied();
    if (batch.outAdd.length > 0) this.#outbox.committed(batch.outAdd);
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
    this.#fall({ kind: "fenced", finalSeq: this.#line.seq });
  }

  // Effects.

  #saveEffect(effectId: string, record: EffectRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      const fallen = () => reject(new Error("the shard has another owner"));
      if (this.#state !== "running") {
        fallen();
        return;
      }
      const { batch } = this.#line;
      batch.effectsPut.set(effectId, encodeEffect(record));
      batch.settlements.push({ applied: resolve, notApplied: fallen, unknown: fallen });
      this.#schedule();
    });
  }
}
