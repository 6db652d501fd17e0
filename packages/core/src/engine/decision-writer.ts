/**
 * Takes what a handler decided into the batch: next state, list row, timers, messages, effects.
 * Everything is checked before the first of it is taken, so that a decision counts whole or not at
 * all.
 */
import { encode } from "../codec.ts";
import type { More, TimerChange } from "../define-actor.ts";
import { isEventType } from "../model/event.ts";
import type { ActorKey, Epoch, RedisMs, ShardId } from "../model/ids.ts";
import { eventsTarget, maxEventBytes } from "../ports/event-store.ts";
import type { Claim } from "../ports/shard-store.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import { type CallChain, chainOfTurn } from "./call-chain.ts";
import { type CommitBatch, encodeState, Unwritable } from "./commit-batch.ts";
import type { DeferralDesk, ReadyAnswer } from "./deferral-desk.ts";
import { policyOf } from "./effect-policy.ts";
import { type EffectRunner, effectIdOf } from "./effect-runner.ts";
import { encodeEvent } from "./event-record.ts";
import { type AnyKind, commandOf } from "./kinds.ts";
import type { LetterDesk } from "./letter-desk.ts";
import { type LetterState, letterKind } from "./letter-kind.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import { type LiveTimer, type TimerSet, timerKey } from "./timer-set.ts";
import { type TryBook, timerWork } from "./tries.ts";
import { describeThrown, type NextState } from "./turn.ts";
import {
  type EffectRecord,
  encodeEffect,
  encodeMessage,
  encodeTimer,
  type Outcome,
} from "./wire.ts";

type ErrorOutcome = Extract<Outcome, { kind: "error" }>;

const refusal = (code: string, message: string): ErrorOutcome => ({ kind: "error", code, message });

/** What a decision brings besides its state, ready to be taken. */
interface Encoded {
  readonly parcels: readonly { readonly shard: ShardId; readonly bytes: Uint8Array }[];
  readonly timers: readonly { readonly key: string; readonly timer: LiveTimer | "cancelled" }[];
  readonly events: readonly Uint8Array[];
  readonly effects: readonly { readonly record: EffectRecord; readonly bytes: Uint8Array }[];
}

const orUnwritable = <T>(key: ActorKey, write: () => T): T => {
  try {
    return write();
  } catch (thrown) {
    throw new Unwritable(key, describeThrown(thrown));
  }
};

const liveTimer = (actor: ActorKey, change: TimerChange, now: RedisMs): LiveTimer | "cancelled" => {
  if ("cancel" in change) return "cancelled";
  const { name, command, input } = change;
  const record = { actor, name, command, input };
  const dueAt = Math.ceil("at" in change ? change.at : now + change.afterMs);
  return { ...record, key: timerKey(actor, name), member: encodeTimer(record), dueAt };
};

export interface DecisionWriterParts {
  readonly timers: TimerSet;
  readonly outbox: Outbox;
  readonly effects: EffectRunner;
  readonly deferrals: DeferralDesk;
  readonly letters: LetterDesk;
  readonly book: TryBook;
}

export class DecisionWriter {
  readonly #owner: OwnerContext;
  readonly #claim: Claim;
  readonly #epoch: Epoch;
  readonly #timers: TimerSet;
  readonly #outbox: Outbox;
  readonly #effects: EffectRunner;
  readonly #deferrals: DeferralDesk;
  readonly #letters: LetterDesk;
  readonly #book: TryBook;

  constructor(owner: OwnerContext, claim: Claim, epoch: Epoch, parts: DecisionWriterParts) {
    this.#owner = owner;
    this.#claim = claim;
    this.#epoch = epoch;
    this.#letters = parts.letters;
    this.#book = parts.book;
    this.#timers = parts.timers;
    this.#outbox = parts.outbox;
    this.#effects = parts.effects;
    this.#deferrals = parts.deferrals;
  }

  /** Takes a decision into `batch`, or answers why it cannot be carried out. */
  take(
    batch: CommitBatch,
    cell: ActorCell & { readonly kind: AnyKind },
    request: TurnRequest,
    decided: NextState,
    now: RedisMs,
    isDeferred: boolean,
  ): ErrorOutcome | undefined {
    const { more } = decided;
    let encoded: Encoded;
    let answers: readonly ReadyAnswer[] | undefined;
    try {
      const problem = this.#problem(cell, request, decided);
      if (problem) return problem;
      if (decided.answers) {
        const ready = this.#deferrals.prepare(cell, request.turnId, decided.answers);
        if ("code" in ready) return ready;
        answers = ready;
      }
      const chain =
        isDeferred || request.message.chain
          ? this.#chainOf(cell, request, isDeferred, answers)
          : undefined;
      encoded = this.#encode(cell, request, more, now, chain);
    } catch (thrown) {
      const text = `what ${cell.key} decided cannot be stored: ${describeThrown(thrown)}`;
      return refusal("HANDLER_FAILED", text);
    }
    const { maxMessageBytes } = this.#owner.settings;
    if (encoded.parcels.some(({ bytes }) => bytes.byteLength > maxMessageBytes)) {
      return refusal("PAYLOAD_TOO_LARGE", `a message may be ${maxMessageBytes} bytes`);
    }
    if (encoded.events.some(({ byteLength }) => byteLength > maxEventBytes)) {
      return refusal("PAYLOAD_TOO_LARGE", `an event may be ${maxEventBytes} bytes`);
    }
    if (cell.kindName === letterKind) this.#takeLetter(batch, cell, decided.state as LetterState);
    else this.#takeState(batch, cell, decided.state);
    for (const { key, timer } of encoded.timers) this.#takeTimer(batch, key, timer);
    for (const { shard, bytes } of encoded.parcels) {
      batch.bytes += bytes.byteLength;
      if (shard === this.#claim.shard) batch.local.push(bytes);
      else batch.outAdd.push(this.#outbox.number(shard, this.#owner.asBatch(cell.key, bytes)));
    }
    for (const bytes of encoded.events) {
      batch.bytes += bytes.byteLength;
      batch.log.push(bytes);
      batch.outAdd.push(this.#outbox.number(eventsTarget, bytes));
    }
    for (const { record, bytes } of encoded.effects) this.#takeEffect(batch, record, bytes);
    if (answers) this.#deferrals.take(batch, answers, now);
    return undefined;
  }

  #chainOf(
    { key }: ActorCell,
    { message, turnId }: TurnRequest,
    isDeferred: boolean,
    answers: readonly ReadyAnswer[] | undefined,
  ): CallChain | undefined {
    const isOpen = (ask: string) =>
      this.#deferrals.isOpen(ask) && !answers?.some(({ id }) => id === ask);
    return chainOfTurn(message, key, isDeferred ? turnId : undefined, isOpen);
  }

  #encode(
    { key: actor, kind }: ActorCell & { readonly kind: AnyKind },
    request: TurnRequest,
    more: More,
    now: RedisMs,
    chain: CallChain | undefined,
  ): Encoded {
    const { principal, depth } = request.message;
    return {
      parcels: this.#encodeTells(request, more, now, chain),
      timers: (more.timers ?? []).map((change) => ({
        key: timerKey(actor, change.name),
        timer: liveTimer(actor, change, now),
      })),
      events: (more.events ?? []).map((event) => encodeEvent(actor, event, now, principal)),
      effects: (more.effects ?? []).map(({ effect, id, input }, index) => {
        const spec = kind.implementation.effects?.[effect];
        const record: EffectRecord = {
          actor,
          effect,
          id: id ?? (index === 0 ? request.turnId : `${request.turnId}.${index}`),
          input,
          attempts: 0,
          notBefore: 0,
          started: false,
          historyId: this.#claim.historyId,
          epoch: this.#epoch,
          principal,
          depth,
          chain,
          policy: spec && policyOf(spec),
        };
        return { record, bytes: encodeEffect(record) };
      }),
    };
  }

  #problem(
    cell: ActorCell & { readonly kind: AnyKind },
    request: TurnRequest,
    { state, more }: NextState,
  ): ErrorOutcome | undefined {
    const { settings, suspects } = this.#owner;
    const tells = more.tell?.length ?? 0;
    if (tells > settings.maxFanOut) {
      return refusal(
        "FANOUT_TOO_WIDE",
        `a turn may tell ${settings.maxFanOut} messages, not ${tells}`,
      );
    }
    if (tells > 0 && request.message.depth + 1 > settings.maxCallDepth) {
      return refusal("CALL_TOO_DEEP", `a call chain may be ${settings.maxCallDepth} long`);
    }
    for (const timer of more.timers ?? []) {
      if (!("cancel" in timer) && !commandOf(cell.kind, timer.command)) {
        const text = `the timer "${timer.name}" names an unknown command "${timer.command}"`;
        return refusal("HANDLER_FAILED", text);
      }
      if (!("cancel" in timer) && !Number.isFinite("at" in timer ? timer.at : timer.afterMs)) {
        return refusal("HANDLER_FAILED", `the timer "${timer.name}" has no time`);
      }
    }
    for (const { type } of more.events ?? []) {
      if (!isEventType(type)) {
        return refusal("HANDLER_FAILED", `"${type}" is no type of an event: words with dots`);
      }
    }
    const effects = cell.kind.implementation.effects;
    for (const { effect } of more.effects ?? []) {
      if (!effects || !Object.hasOwn(effects, effect)) {
        return refusal("HANDLER_FAILED", `there is no effect "${effect}"`);
      }
    }
    // Encoding at every turn is costly: only states that may be near the bound are measured here.
    const isSuspect = suspects.size > 0 && suspects.has(cell.key);
    if (cell.bytes > settings.maxStateBytes / 8 || isSuspect) {
      const { implementation } = cell.kind;
      cell.bytes = encodeState(implementation.version ?? 1, state).byteLength;
      if (isSuspect) encode(implementation.view?.(state, cell.id));
      if (cell.bytes > settings.maxStateBytes) {
        return refusal(
          "STATE_TOO_LARGE",
          `the state of ${cell.key} would be ${cell.bytes} bytes, the bound is ${settings.maxStateBytes}`,
        );
      }
    }
    return undefined;
  }

  #encodeTells(
    request: TurnRequest,
    more: More,
    now: RedisMs,
    chain: CallChain | undefined,
  ): { readonly shard: ShardId; readonly bytes: Uint8Array }[] {
    const { principal, depth } = request.message;
    return (more.tell ?? []).map((tell) => ({
      shard: this.#owner.shardOf(tell.partitionKey),
      bytes: encodeMessage({
        ...tell.to,
        command: tell.command,
        input: tell.input,
        sender: "",
        depth: depth + 1,
        sentAt: now,
        ...(principal !== undefined && { principal }),
        ...(chain && { chain }),
      }),
    }));
  }

  #takeLetter(batch: CommitBatch, cell: ActorCell, after: LetterState): void {
    this.#letters.take(batch, cell.id, cell.state as LetterState, after);
    cell.state = after === "absent" ? after : { head: after.head, body: after.body };
  }

  #takeState(
    batch: CommitBatch,
    cell: ActorCell & { readonly kind: AnyKind },
    state: unknown,
  ): void {
    const { implementation, kind } = cell.kind;
    const { maxStateBytes } = this.#owner.settings;
    cell.state = state;
    if (batch.dirty.has(cell)) return;
    batch.dirty.set(cell, () =>
      orUnwritable(cell.key, () => {
        const bytes = encodeState(implementation.version ?? 1, cell.state);
        cell.bytes = bytes.byteLength;
        if (bytes.byteLength > maxStateBytes) throw new Error(`its state is ${cell.bytes} bytes`);
        return bytes;
      }),
    );
    if (!implementation.view) return;
    batch.viewRow(kind, cell.id, () =>
      orUnwritable(cell.key, () => {
        const row = implementation.view?.(cell.state, cell.id);
        return row === undefined ? "removed" : encode(row);
      }),
    );
  }

  #takeTimer(batch: CommitBatch, key: string, timer: LiveTimer | "cancelled"): void {
    const former = this.#timers.remove(key);
    if (former) {
      batch.timersSet.delete(key);
      batch.timersRemoved.push(former.member);
      this.#book.forget(batch, timerWork(key, former.dueAt));
    }
    if (timer === "cancelled") return;
    batch.timersSet.set(key, { member: timer.member, dueAt: timer.dueAt });
    this.#timers.set(timer);
  }

  #takeEffect(batch: CommitBatch, record: EffectRecord, bytes: Uint8Array): void {
    const effectId = effectIdOf(record);
    if (this.#effects.isRecorded(effectId)) return;
    this.#effects.note(effectId, record);
    batch.effectsPut.set(effectId, bytes);
    batch.settlements.push({
      applied: () => this.#effects.begin(effectId),
      notApplied: () => {},
      unknown: () => {},
    });
  }
}
