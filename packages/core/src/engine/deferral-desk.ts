/**
 * Deferred asks of one shard: taken into the batch of the turn that defers, answered with the batch
 * of a later one, dropped once nobody can want the answer. Each change is part of a commit, so that
 * the next owner finds what stands (I2); an ask is answered once, by the turn that removes it.
 */
import type { ActorKey, RedisMs } from "../model/ids.ts";
import type { Cancel } from "../ports/clock.ts";
import type { ShardImage } from "../ports/shard-store.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import type { CommitBatch } from "./commit-batch.ts";
import type { CommitLine } from "./commit-line.ts";
import {
  type DeferralRecord,
  type DeferredKey,
  decodeDeferral,
  encodeDeferral,
} from "./deferral-record.ts";
import { DeferralTable } from "./deferral-table.ts";
import { type AnyKind, commandOf } from "./kinds.ts";
import type { OwnerContext } from "./owner-context.ts";
import { checkReply } from "./reply-check.ts";
import type { ReplyMemory } from "./reply-memory.ts";
import type { GivenAnswer } from "./turn.ts";
import type { Outcome } from "./wire.ts";

type ErrorOutcome = Extract<Outcome, { kind: "error" }>;

/** An answer that was found to be in order. */
export interface ReadyAnswer {
  readonly id: string;
  readonly record: DeferralRecord;
  readonly outcome: Outcome;
}

export interface DeferralDeskContext {
  readonly owner: OwnerContext;
  readonly line: CommitLine;
  readonly replies: ReplyMemory;
  /** Something is to be written. */
  ready(): void;
}

/** Ends are looked at no oftener than this. */
const leastWaitMs = 250;
const longestWaitMs = 3_600_000;

const failed = (message: string): ErrorOutcome => ({
  kind: "error",
  code: "HANDLER_FAILED",
  message,
});

export class DeferralDesk {
  readonly #context: DeferralDeskContext;
  readonly #table = new DeferralTable();
  #cancel: Cancel | undefined;
  #stopped = false;

  constructor(context: DeferralDeskContext) {
    this.#context = context;
  }

  /** Deferrals that hold an idempotency key. */
  get keyed(): number {
    return this.#table.keyed;
  }

  isOpen(id: string): boolean {
    return this.#table.get(id) !== undefined;
  }

  /** Takes over what a former owner deferred; answers what cannot be understood. */
  load(stored: ShardImage["deferrals"]): ShardImage["deferrals"] {
    const unreadable = stored.filter(({ id, record }) => {
      const known = decodeDeferral(record);
      if (known) this.#table.put(id, known);
      return !known;
    });
    this.arm();
    return unreadable;
  }

  /** Drops what has ended, and sets the clock for what comes next. */
  arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#stopped) return;
    const { owner } = this.#context;
    const now = owner.now();
    this.#drop(now);
    const next = this.#table.firstEnd;
    if (next === undefined) return;
    const wait = Math.min(longestWaitMs, Math.max(leastWaitMs, next + 1 - now));
    this.#cancel = owner.clock.after(wait, () => this.arm());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Why one more ask of this actor cannot be deferred. */
  problem(actor: ActorKey): ErrorOutcome | undefined {
    const { deferralsPerActor, mailboxPerShard } = this.#context.owner.settings;
    const table = this.#table;
    if (table.weightOf(actor) < deferralsPerActor && table.weight < mailboxPerShard) return;
    return {
      kind: "error",
      code: "DEFERRALS_FULL",
      message: `${table.weightOf(actor)} asks wait for an answer of ${actor} already`,
    };
  }

  /** Takes an ask that its turn has deferred. */
  open(
    batch: CommitBatch,
    actor: ActorKey,
    { message, turnId }: TurnRequest,
    key: DeferredKey | undefined,
  ): void {
    const waiters = message.replyTo ? [message.replyTo] : [];
    this.#put(batch, turnId, { actor, command: message.command, waiters, key });
    if (!this.#cancel) this.arm();
  }

  /** The ask under the same idempotency key that waits for its answer. */
  waitingUnder(replyKey: string): { readonly id: string; readonly hash: number } | undefined {
    const id = this.#table.holderOf(replyKey);
    const key = id === undefined ? undefined : this.#table.get(id)?.key;
    return id === undefined || !key ? undefined : { id, hash: key.requestHash };
  }

  /** Lets a repeat wait with the ask that came first. */
  join(batch: CommitBatch, id: string, { message }: TurnRequest, now: RedisMs): void {
    const record = this.#table.get(id);
    if (!record || !message.replyTo) return;
    const waiting = record.waiters.filter(({ deadlineAt }) => deadlineAt >= now);
    this.#put(batch, id, { ...record, waiters: [...waiting, message.replyTo] });
  }

  /** Looks at the answers that a turn gives; those that nobody waits for are left out. */
  prepare(
    { key, kind }: ActorCell & { readonly kind: AnyKind },
    turnId: string,
    answers: readonly GivenAnswer[],
  ): readonly ReadyAnswer[] | ErrorOutcome {
    const { maxMessageBytes } = this.#context.owner.settings;
    const ready: ReadyAnswer[] = [];
    for (const { to, outcome } of answers) {
      if (to === turnId) return failed("a turn answers its own ask with reply()");
      const record = this.#table.get(to);
      if (!record) continue;
      if (record.actor !== key) return failed(`it answers an ask of ${record.actor}`);
      if (ready.some(({ id }) => id === to)) return failed("it answers the same ask twice");
      if (outcome.kind === "refusal") {
        const refusals = commandOf(kind, record.command)?.refusals;
        if (!refusals?.includes(outcome.refusal)) {
          return failed(`"${outcome.refusal}" is no refusal of ${kind.kind}.${record.command}`);
        }
      }
      if (outcome.kind === "value") {
        const checked = checkReply(outcome, maxMessageBytes);
        if (checked.refused) return checked.refused;
        ready.push({ id: to, record, outcome: checked.outcome });
      } else ready.push({ id: to, record, outcome });
    }
    return ready;
  }

  /** Gives answers with the batch, and keeps them for the keys under which they were asked for. */
  take(batch: CommitBatch, answers: readonly ReadyAnswer[], now: RedisMs): void {
    for (const { id, record, outcome } of answers) {
      this.#table.remove(id);
      batch.deferralsPut.delete(id);
      batch.deferralsRemoved.add(id);
      for (const waiter of record.waiters) {
        if (waiter.deadlineAt >= now) batch.reply(record.actor, waiter, outcome);
      }
      if (!record.key) continue;
      const { replyKey, requestHash, keepMs } = record.key;
      const expiresAt = now + keepMs;
      const stored = this.#context.replies.keep(replyKey, { requestHash, outcome, expiresAt });
      batch.idempotency.set(replyKey, { record: stored, expiresAt });
    }
  }

  #put(batch: CommitBatch, id: string, record: DeferralRecord): void {
    this.#table.put(id, record);
    batch.deferralsPut.set(id, encodeDeferral(record));
  }

  #drop(now: RedisMs): void {
    const expired = this.#table.takeExpired(now);
    if (expired.length === 0) return;
    const { line, ready } = this.#context;
    for (const id of expired) {
      line.batch.deferralsPut.delete(id);
      line.batch.deferralsRemoved.add(id);
    }
    ready();
  }
}
