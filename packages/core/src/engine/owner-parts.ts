/** Puts together what one owned shard is made of. Each part has a role; the owner moves them. */
import type { Facts } from "../define-actor.ts";
import type { RedisMs } from "../model/ids.ts";
import { eventsTarget } from "../ports/event-store.ts";
import type {
  Claim,
  CommitAnswer,
  OutMessage,
  Refusal,
  ShardImage,
  UncleanTakeover,
} from "../ports/shard-store.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import { ActorCells } from "./actor-cells.ts";
import { addEvents } from "./add-events.ts";
import { Asides } from "./asides.ts";
import type { CommitBatch } from "./commit-batch.ts";
import { CommitLine } from "./commit-line.ts";
import { Congestion } from "./congestion.ts";
import { DecisionWriter } from "./decision-writer.ts";
import { DeferralDesk } from "./deferral-desk.ts";
import { EffectRunner } from "./effect-runner.ts";
import { Failures } from "./failures.ts";
import { Inbox } from "./inbox.ts";
import { Intake } from "./intake.ts";
import { LetterDesk } from "./letter-desk.ts";
import { MailReader } from "./mail-reader.ts";
import { Outbox } from "./outbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import { Parking } from "./parking.ts";
import { Probation } from "./probation.ts";
import { ReadChecks } from "./read-checks.ts";
import { ReplyMemory } from "./reply-memory.ts";
import { startsOf } from "./suspicion.ts";
import { TimerSet } from "./timer-set.ts";
import { effectWork, marked, TryBook } from "./tries.ts";
import { TurnDesk } from "./turn-desk.ts";
import { TurnEnd } from "./turn-end.ts";
import { encodeEffect } from "./wire.ts";

/** What the owner was granted, beside its claim. */
export interface Grant {
  readonly claim: Claim;
  readonly fence: Facts["fence"];
  readonly outId: OutMessage["outId"];
  readonly notBefore: RedisMs;
  readonly unclean: readonly UncleanTakeover[];
  readonly image: ShardImage;
}

/** What the parts call the owner for. */
export interface OwnerHooks {
  isOpen(): boolean;
  /** Something is to be run or written. */
  ready(): void;
  refused(refusal: Refusal): void;
  accepted(batch: CommitBatch, answer: Extract<CommitAnswer, { kind: "committed" }>): void;
  uncuttable(error: unknown): void;
}

/** Bytes of mail held in memory before reading the mailbox pauses. */
const maxAdmittedBytes = 16_777_216;

export type OwnerParts = ReturnType<typeof composeOwner>;

export const composeOwner = (owner: OwnerContext, grant: Grant, hooks: OwnerHooks) => {
  const { store, clock, logger, kinds } = owner;
  const { claim, image, unclean, fence } = grant;
  const { isOpen, ready, refused } = hooks;
  const { shard } = claim;
  const inbox = new Inbox(image.partial);
  const replies = new ReplyMemory(image.idempotencyCount);
  const book = new TryBook(image.tries);
  const line = new CommitLine({
    store,
    clock,
    claim,
    isReplicated: owner.isReplicated,
    meter: owner.meter,
    refused,
    cut: (batch, seq) =>
      batch.toRequest({
        claim,
        epoch: fence.epoch,
        seq,
        hash: owner.newHash(),
        sender: `shard:${shard}`,
        now: owner.now(),
        maxReplyBytes: owner.settings.maxMessageBytes,
        isReplicated: owner.isReplicated,
        mail: inbox.cut(),
      }),
    accepted: hooks.accepted,
    uncuttable: hooks.uncuttable,
  });
  const emit = (event: Uint8Array): void => {
    line.batch.log.push(event);
    line.batch.outAdd.push(outbox.number(eventsTarget, event));
  };
  const letters = new LetterDesk({ owner, shard, line, emit, isOpen, ready }, image.openLetters);
  const congestion = new Congestion({ line: () => line, ready });
  const cells = new ActorCells({
    store,
    clock,
    monotonic: owner.monotonic,
    claim,
    kinds,
    logger,
    replies,
    residency: owner.residency,
    mailboxPerActor: owner.settings.mailboxPerActor,
    congestion,
    isUnwritten: (cell) => line.batch.changes(cell) || line.flying?.changes(cell) === true,
    isOpen,
    ready,
    refused,
  });
  const queued = () => cells.queued + probation.waiting;
  const mail = new MailReader({
    store,
    claim,
    isOpen,
    refused,
    lastRead: () => inbox.lastRead,
    takenOverAt: image.lastEntry,
    isFull: () => queued() > 2 * owner.settings.mailboxPerActor || inbox.bytes > maxAdmittedBytes,
    accept: (entry) => {
      intake.entry(entry);
      ready();
    },
    allRead: () => probation.allRead(),
  });
  const checks = new ReadChecks(store, clock, claim, refused);
  const timers = new TimerSet(clock, owner.now, (timer) => intake.timerDue(timer));
  const { eventsKept, auditKept } = owner.settings;
  const keepEvents = { events: eventsKept, audit: auditKept };
  const outbox = new Outbox(
    {
      shard,
      clock,
      append: (request) =>
        request.shard === eventsTarget
          ? addEvents(owner.events, request, keepEvents)
          : store.append(request),
      delivered: (messages) => {
        line.batch.outRemove.push(...messages);
        ready();
      },
      gap: async (target, outId, number) => {
        // Readers of the stream see the gap by its ids.
        if (target !== eventsTarget) {
          await owner.losses.compareBatches(target, { kind: "shard", shard, outId, number });
        } else logger.error({ shard, outId, number }, "events that were taken are lost");
      },
    },
    grant.outId,
    image.outNumbers,
    image.out,
  );

  /** Writes something with the next commit; resolves when it is committed. */
  const written = (write: (batch: CommitBatch) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const fallen = () => reject(new Error("the shard has another owner"));
      if (!isOpen()) {
        fallen();
        return;
      }
      write(line.batch);
      line.batch.settlements.push({ applied: resolve, notApplied: fallen, unknown: fallen });
      ready();
    });
  const effects = new EffectRunner({
    clock,
    logger,
    kinds,
    random: owner.random,
    slots: owner.effectSlots,
    meter: owner.meter,
    alone: owner.loneEffects,
    fence,
    historyId: claim.historyId,
    development: owner.development,
    now: owner.now,
    trusted: () => isOpen() && owner.trusted(),
    callsOf: owner.callsOf,
    save: (id, record) => written((batch) => batch.effectsPut.set(id, encodeEffect(record))),
    mark: (id) =>
      written((batch) => {
        const before = book.get(effectWork(id));
        const starts = startsOf(before, unclean);
        book.put(batch, effectWork(id), marked(before, starts, fence.epoch, owner.now()));
      }),
    unmark: (id) => book.forget(line.batch, effectWork(id)),
    finish: (outcome) => intake.outcome(outcome, isOpen()),
  });
  const deferrals = new DeferralDesk({ owner, line, replies, ready });
  const writer = new DecisionWriter(owner, claim, fence.epoch, {
    timers,
    outbox,
    effects,
    deferrals,
    letters,
    book,
  });
  const end = new TurnEnd({
    meter: owner.meter,
    line,
    inbox,
    timers,
    effects,
    checks,
    letters,
    book,
  });
  const asides = new Asides({
    owner,
    claim,
    epoch: fence.epoch,
    line,
    inbox,
    timers,
    effects,
    letters,
    book,
    end,
  });
  const holdBack = (cell: ActorCell, request: TurnRequest, delayMs: number): void => {
    cells.hold(cell, request);
    clock.after(delayMs, () => {
      if (isOpen()) cells.release(cell);
    });
  };
  const failures = new Failures({ owner, line, book, asides, end, holdBack });
  const parking = new Parking({ owner, failures, inbox, congestion });
  const probation = new Probation({
    owner,
    epoch: fence.epoch,
    unclean,
    line,
    cells,
    book,
    isOpen,
    ready,
  });
  const intake = new Intake({
    owner,
    claim,
    inbox,
    cells,
    failures,
    congestion,
    book,
    asides,
    probation,
    unclean,
  });
  const desk = new TurnDesk({
    owner,
    writer,
    fence,
    line,
    timers,
    effects,
    deferrals,
    replies,
    book,
    end,
    failures,
    parking,
    holdBack: (cell, request) => cells.hold(cell, request),
    release: (cell) => cells.release(cell),
  });
  return {
    inbox,
    replies,
    book,
    line,
    letters,
    cells,
    queued,
    mail,
    checks,
    timers,
    outbox,
    effects,
    deferrals,
    asides,
    failures,
    congestion,
    parking,
    probation,
    intake,
    desk,
  };
};
