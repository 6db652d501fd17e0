/**
 * Carries out one command: decides whether it may run, runs the handler, and hands on what came of
 * it: to `TurnEnd` what is done with, to `Failures` what failed.
 */
import { encode } from "../codec.ts";
import type { Deferral, Facts } from "../define-actor.ts";
import { stableHash } from "../model/actor-address.ts";
import type { RedisMs } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import { copyPlain } from "../plain.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import type { CommitLine } from "./commit-line.ts";
import type { DecisionWriter } from "./decision-writer.ts";
import type { DeferralDesk } from "./deferral-desk.ts";
import type { DeferredKey } from "./deferral-record.ts";
import type { EffectRunner } from "./effect-runner.ts";
import type { ErrorOutcome, Failures } from "./failures.ts";
import type { AnyKind } from "./kinds.ts";
import type { OwnerContext } from "./owner-context.ts";
import type { Parking } from "./parking.ts";
import { checkReply } from "./reply-check.ts";
import type { ReplyMemory } from "./reply-memory.ts";
import type { TimerSet } from "./timer-set.ts";
import { type TryBook, timerWork } from "./tries.ts";
import { deferred, runTurn, type TurnOutcome } from "./turn.ts";
import type { TurnEnd } from "./turn-end.ts";
import type { Outcome } from "./wire.ts";

export interface TurnDeskParts {
  readonly owner: OwnerContext;
  readonly fence: Facts["fence"];
  readonly line: CommitLine;
  readonly writer: DecisionWriter;
  readonly timers: TimerSet;
  readonly effects: EffectRunner;
  readonly deferrals: DeferralDesk;
  readonly replies: ReplyMemory;
  readonly book: TryBook;
  readonly end: TurnEnd;
  readonly failures: Failures;
  readonly parking: Parking;
  /** Holds a request and its actor back. */
  holdBack(cell: ActorCell, request: TurnRequest): void;
  /** Lets a held actor go on. */
  release(cell: ActorCell): void;
}

/** Tells a repeat from another request under the same key. */
const requestHashOf = (message: Message): number | undefined => {
  try {
    const bytes = encode([message.command, message.input]);
    return stableHash(String.fromCharCode(...bytes.subarray(0, 32_768))) + bytes.byteLength;
  } catch {
    return undefined;
  }
};

/** What a caller is given must be no part of a kept reply. */
const ownCopy = (outcome: Outcome): Outcome =>
  outcome.kind === "value" ? { kind: "value", value: copyPlain(outcome.value) } : outcome;

const knows = (cell: ActorCell): cell is ActorCell & { readonly kind: AnyKind } =>
  cell.kind !== undefined;

export class TurnDesk {
  readonly #parts: TurnDeskParts;
  /** Found no room for their key, nor replies that had expired. */
  readonly #recounted = new Set<TurnRequest>();

  constructor(parts: TurnDeskParts) {
    this.#parts = parts;
  }

  /** Runs one command against its actor, whose state is in memory. */
  run(cell: ActorCell, request: TurnRequest): void {
    const { owner, timers, effects, book, line } = this.#parts;
    const { message, local, timer } = request;
    // The timer was cancelled or set again while this one waited for its turn.
    if (timer && timers.get(timer.key) !== timer) {
      book.forget(line.batch, timerWork(timer.key, timer.dueAt));
      return;
    }
    const now = owner.now();
    if (timer && timer.dueAt > now) {
      // It was found due by a clock that had jumped.
      timers.set(timer);
      return;
    }
    if (local && !local.begin()) return;
    if (message.replyTo && message.replyTo.deadlineAt < now) {
      this.#parts.end.finish(request, {
        kind: "error",
        code: "ASK_TIMEOUT",
        message: "its deadline had passed before its turn",
      });
    } else if (message.effectId !== undefined && !effects.isRecorded(message.effectId)) {
      this.#parts.end.finish(request, { kind: "value", value: undefined });
    } else if (!knows(cell)) {
      const text = `the node that owns ${cell.key} does not know the kind "${message.kind}"`;
      this.#leave(request, { kind: "error", code: "KIND_UNKNOWN", message: text });
    } else if (cell.unreadable !== undefined) {
      const { error, isNewer } = cell.unreadable;
      const text = `the state of ${cell.key} cannot be read: ${error}`;
      const outcome: ErrorOutcome = { kind: "error", code: "STATE_UNREADABLE", message: text };
      if (isNewer) this.#leave(request, outcome);
      else this.#parts.failures.reject(request, outcome);
    } else this.#runKeyed(cell, request, now);
  }

  /** A command with an idempotency key is applied once; a repeat gets the first reply. */
  #runKeyed(
    cell: ActorCell & { readonly kind: AnyKind },
    request: TurnRequest,
    now: RedisMs,
  ): void {
    const { replies, deferrals, owner, line } = this.#parts;
    const { replyKey } = request;
    if (replyKey === undefined) {
      const outcome = this.#decide(cell, request, now);
      if (outcome?.kind === "deferred") this.#defer(cell, request);
      else if (outcome) this.#parts.end.finish(request, outcome, cell);
      return;
    }
    const requestHash = requestHashOf(request.message);
    if (requestHash === undefined) {
      this.#parts.failures.reject(request, {
        kind: "error",
        code: "VALIDATION",
        message: "the input cannot be stored, which an idempotency key asks for",
      });
      return;
    }
    const known = replies.get(replyKey, now);
    if (known) {
      const same = known.requestHash === requestHash;
      this.#parts.end.finish(request, same ? ownCopy(known.outcome) : this.#conflict(request));
      return;
    }
    const waiting = deferrals.waitingUnder(replyKey);
    if (waiting) {
      if (waiting.hash === requestHash) this.#join(cell, request, waiting.id, now);
      else this.#parts.end.finish(request, this.#conflict(request));
      return;
    }
    if (replies.size + deferrals.keyed >= owner.settings.idempotencyPerShard) {
      this.#keysFull(cell, request);
      return;
    }
    const outcome = this.#decide(cell, request, now);
    if (!outcome) return;
    const keepMs = request.message.keepKeyMs ?? owner.settings.keepIdempotencyMs;
    const expiresAt = now + keepMs;
    if (outcome.kind === "deferred") {
      this.#defer(cell, request, { replyKey, requestHash, keepMs, until: expiresAt });
      return;
    }
    const kept = { requestHash, outcome: ownCopy(outcome), expiresAt };
    const record = replies.keep(replyKey, kept);
    line.batch.idempotency.set(replyKey, { record, expiresAt });
    this.#parts.end.finish(request, outcome, cell);
  }

  /** Refuses a new key, unless replies have expired: that is counted with a commit first. */
  #keysFull(cell: ActorCell, request: TurnRequest): void {
    const { line, replies, holdBack, release } = this.#parts;
    if (this.#recounted.delete(request)) {
      this.#parts.end.finish(request, {
        kind: "error",
        code: "IDEMPOTENCY_FULL",
        message: "as many idempotency keys are kept as this shard may hold",
      });
      return;
    }
    holdBack(cell, request);
    line.batch.countReplies = true;
    line.batch.settlements.push({
      applied: () => {
        if (replies.dropped <= 0) this.#recounted.add(request);
        release(cell);
      },
      notApplied: () => {},
      unknown: () => {},
    });
  }

  /** A later turn answers; a told message has nobody to answer. */
  #defer(cell: ActorCell, request: TurnRequest, key?: DeferredKey): void {
    const { deferrals, line } = this.#parts;
    if (request.message.replyTo) deferrals.open(line.batch, cell.key, request, key);
    this.#parts.end.finish(request, deferred, cell);
  }

  /** A repeat waits for the answer to the first. */
  #join(cell: ActorCell, request: TurnRequest, id: string, now: RedisMs): void {
    const { deferrals, line } = this.#parts;
    const full = request.message.replyTo && deferrals.problem(cell.key);
    if (!full) deferrals.join(line.batch, id, request, now);
    this.#parts.end.finish(request, full ?? deferred);
  }

  #conflict({ message }: TurnRequest): ErrorOutcome {
    return {
      kind: "error",
      code: "IDEMPOTENCY_CONFLICT",
      message: `the key "${message.idempotencyKey}" was used for another request`,
    };
  }

  /** Runs the handler and takes its decision; `undefined` when the request was dealt with. */
  #decide(
    cell: ActorCell & { readonly kind: AnyKind },
    request: TurnRequest,
    now: RedisMs,
  ): TurnOutcome | undefined {
    const { message } = request;
    const facts: Facts = {
      now,
      self: { kind: message.kind, id: message.id },
      fence: this.#parts.fence,
      sender: message.sender,
      principal: message.principal,
      idempotencyKey: message.idempotencyKey,
      attempt: (request.tries?.attempts ?? 0) + 1,
      turnId: request.turnId,
      ask: request.turnId as Deferral,
    };
    const input = request.local?.input ?? { raw: message.input };
    const { development } = this.#parts.owner;
    const result = runTurn(cell.kind, message.command, cell.state, input, facts, development);
    if (result.kind === "threw") {
      this.#parts.failures.threw(cell, request, result.error);
      return undefined;
    }
    if (result.kind === "rejected") {
      this.#parts.failures.reject(request, result.outcome);
      return undefined;
    }
    const { writer, line, deferrals } = this.#parts;
    let outcome: TurnOutcome = result.outcome;
    const isDeferred = outcome.kind === "deferred";
    let refused: ErrorOutcome | undefined;
    if (outcome.kind === "value") ({ outcome, refused } = this.#answer(cell, request, outcome));
    else if (outcome.kind === "deferred" && message.replyTo) refused = deferrals.problem(cell.key);
    refused ??= result.next && writer.take(line.batch, cell, request, result.next, now, isDeferred);
    if (!refused) return outcome;
    this.#parts.failures.reject(request, refused);
    return undefined;
  }

  /**
   * The answer as the caller is to have it, no part of a state, or why it cannot be given. What is
   * only sent is written with the commit, and checked here once that has failed.
   */
  #answer(
    cell: ActorCell,
    { local, replyKey }: TurnRequest,
    outcome: Extract<Outcome, { kind: "value" }>,
  ): { readonly outcome: Outcome; readonly refused?: ErrorOutcome } {
    const { suspects, settings } = this.#parts.owner;
    if (!local && replyKey === undefined && !(suspects.size > 0 && suspects.has(cell.key))) {
      return { outcome };
    }
    return checkReply(outcome, settings.maxMessageBytes);
  }

  /** Refuses an ask that only another owner could carry out; what was told waits for one. */
  #leave(request: TurnRequest, error: ErrorOutcome): void {
    if (request.message.replyTo) this.#parts.end.finish(request, error);
    else this.#parts.parking.park(request, error);
  }
}
