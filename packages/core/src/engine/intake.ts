/**
 * Makes requests of what reaches an owner: commands of its own node, mailbox entries, timers that
 * are due, outcomes of effects. Each waits for its actor, then for its turn (I4).
 */
import { actorKey, parseActorKey } from "../model/actor-address.ts";
import type { Message } from "../model/message.ts";
import type { Claim, MailEntry, UncleanTakeover } from "../ports/shard-store.ts";
import type { LocalCaller, TurnRequest } from "./actor-cell.ts";
import type { ActorCells } from "./actor-cells.ts";
import type { Asides } from "./asides.ts";
import type { Congestion } from "./congestion.ts";
import { verdictOn } from "./crash-verdict.ts";
import type { EffectOutcome } from "./effect-runner.ts";
import type { Failures } from "./failures.ts";
import type { EntryTrack, Inbox } from "./inbox.ts";
import { type EntryPart, entryParts } from "./mail-entry.ts";
import type { OwnerContext } from "./owner-context.ts";
import type { Probation } from "./probation.ts";
import { judgeMessage, judgeTimer } from "./suspicion.ts";
import type { LiveTimer } from "./timer-set.ts";
import { effectWork, messageWork, type Tries, type TryBook, timerWork } from "./tries.ts";

export interface IntakeParts {
  readonly owner: OwnerContext;
  readonly claim: Claim;
  readonly inbox: Inbox;
  readonly cells: ActorCells;
  readonly failures: Failures;
  readonly congestion: Congestion;
  readonly book: TryBook;
  readonly asides: Asides;
  readonly probation: Probation;
  readonly unclean: readonly UncleanTakeover[];
}

/** Key under which the reply to a command is kept, scoped to principal and actor. */
const replyKeyOf = (message: Message): string | undefined =>
  message.idempotencyKey === undefined
    ? undefined
    : `${message.principal ?? ""}\u0000${actorKey(message.kind, message.id)}\u0000${message.idempotencyKey}`;

/** Attempts that the former owner of a command counted, which was stored nowhere. */
const handedOn = ([attempts, firstAt]: NonNullable<Message["tried"]>): Tries => ({
  attempts,
  firstAt,
  lastAt: firstAt,
  error: "",
  starts: 0,
  mark: 0,
  verdict: undefined,
});

export class Intake {
  readonly #parts: IntakeParts;
  #turns = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes a command of a caller on this node. */
  submit(message: Message, local: LocalCaller): void {
    this.#admit(this.#request(message, this.#turnId(), { local }));
  }

  /** Takes a mailbox entry; what of it cannot be understood or survived is put aside (I8). */
  entry(entry: MailEntry): void {
    const { claim, inbox, book, probation } = this.#parts;
    const parts = entryParts(entry);
    const track = inbox.accept(entry, parts.length);
    probation.reached(entry.id);
    for (const [index, part] of parts.entries()) {
      if (track.handled.has(index)) continue;
      const tries = book.isEmpty ? undefined : book.get(messageWork(entry.id, index));
      if (!part.message) {
        const error = "the message cannot be understood";
        this.#parts.asides.part(track, index, part, { reason: "unreadable", error });
      } else if (tries && this.#isCondemned(track, index, part, tries)) continue;
      else {
        const turnId = `${claim.shard}.${entry.id}.${index}`;
        this.#take(this.#request(part.message, turnId, { entry: { track, index }, tries }));
      }
    }
  }

  timerDue(timer: LiveTimer): void {
    this.#parts.owner.meter.timersFired += 1;
    const message: Message = {
      ...parseActorKey(timer.actor),
      command: timer.command,
      input: timer.input,
      sender: `timer:${timer.name}`,
      depth: 0,
      sentAt: this.#parts.owner.now(),
    };
    const { book, asides, unclean } = this.#parts;
    const tries = book.isEmpty ? undefined : book.get(timerWork(timer.key, timer.dueAt));
    const request = this.#request(message, this.#turnId(), { timer, tries });
    const verdict = tries && verdictOn(tries, judgeTimer(timer.dueAt, tries, unclean), unclean);
    if (!verdict) this.#admit(request);
    else {
      const { error } = verdict;
      asides.request(request, verdict, { kind: "error", code: "HANDLER_FAILED", message: error });
    }
  }

  /** Takes the outcome of an effect, or sends it to who owns the shard by now. */
  outcome({ effectId, record, command, input, letter }: EffectOutcome, isRunning: boolean): void {
    const message: Message = {
      ...parseActorKey(record.actor),
      command,
      input,
      sender: `effect:${record.effect}`,
      depth: 0,
      sentAt: this.#parts.owner.now(),
      effectId,
      ...(record.principal !== undefined && { principal: record.principal }),
      ...(record.chain && { chain: record.chain }),
    };
    const { owner, book } = this.#parts;
    if (!isRunning) {
      owner.tell(message);
      return;
    }
    const tries = book.isEmpty ? undefined : book.get(effectWork(effectId));
    this.#admit(this.#request(message, this.#turnId(), { tries, letter }));
  }

  /** Takes a command of the mailbox; of what takes no more, asks are refused here. */
  #take(request: TurnRequest): void {
    const { congestion, failures } = this.#parts;
    const { kind, id, replyTo } = request.message;
    if (replyTo && congestion.closed?.has(actorKey(kind, id))) {
      const message = "as many commands wait for this actor as may";
      failures.reject(request, { kind: "error", code: "MAILBOX_FULL", message });
    } else this.#admit(request);
  }

  #admit(request: TurnRequest): void {
    const { probation, cells } = this.#parts;
    if (!probation.keeps(request)) cells.enqueue(request);
  }

  /** Puts aside what a former owner has decided upon, or did not survive. */
  #isCondemned(track: EntryTrack, index: number, part: EntryPart, tries: Tries): boolean {
    const { unclean, asides } = this.#parts;
    const verdict = verdictOn(tries, judgeMessage(track.id, tries, unclean), unclean);
    if (verdict) asides.part(track, index, part, verdict);
    return verdict !== undefined;
  }

  /** Unguessable and unique, since claims are. */
  #turnId(): string {
    this.#turns += 1;
    return `${this.#parts.claim.claimId}.${this.#turns}`;
  }

  #request(
    message: Message,
    turnId: string,
    from: Partial<Pick<TurnRequest, "entry" | "local" | "timer" | "tries" | "letter">>,
  ): TurnRequest {
    const { entry, local, timer, letter } = from;
    const tries = from.tries ?? (message.tried && handedOn(message.tried));
    const replyKey = replyKeyOf(message);
    return { message, turnId, replyKey, entry, local, timer, tries, probe: undefined, letter };
  }
}
