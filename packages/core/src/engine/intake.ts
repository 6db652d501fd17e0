/**
 * Makes requests of what reaches an owner: commands of its own node, mailbox entries, timers that
 * are due, outcomes of effects. Each waits for its actor, then for its turn (I4).
 */
import { encode } from "../codec.ts";
import { actorKey, parseActorKey } from "../model/actor-address.ts";
import type { Message } from "../model/message.ts";
import type { Claim, MailEntry } from "../ports/shard-store.ts";
import type { LocalCaller, TurnRequest } from "./actor-cell.ts";
import type { ActorCells } from "./actor-cells.ts";
import type { CommitLine } from "./commit-line.ts";
import type { Congestion } from "./congestion.ts";
import type { EffectOutcome } from "./effect-runner.ts";
import type { Failures } from "./failures.ts";
import type { Inbox } from "./inbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import type { LiveTimer } from "./timer-set.ts";
import { decodeBatch } from "./wire.ts";

export interface IntakeParts {
  readonly owner: OwnerContext;
  readonly claim: Claim;
  readonly line: CommitLine;
  readonly inbox: Inbox;
  readonly cells: ActorCells;
  readonly failures: Failures;
  readonly congestion: Congestion;
}

/** Key under which the reply to a command is kept, scoped to principal and actor. */
const replyKeyOf = (message: Message): string | undefined =>
  message.idempotencyKey === undefined
    ? undefined
    : `${message.principal ?? ""}\u0000${actorKey(message.kind, message.id)}\u0000${message.idempotencyKey}`;

export class Intake {
  readonly #parts: IntakeParts;
  #turns = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Takes a command of a caller on this node. */
  submit(message: Message, local: LocalCaller): void {
    this.#admit(this.#request(message, this.#turnId(), undefined, local));
  }

  /** Takes a mailbox entry; what of it cannot be understood is put aside (I8). */
  entry(entry: MailEntry): void {
    const { claim, line, inbox } = this.#parts;
    const messages: { readonly message: Message | undefined; readonly raw: Uint8Array }[] = [];
    for (const raw of entry.payloads) {
      const batch = decodeBatch(raw);
      if (batch.kind === "corrupt") messages.push({ message: undefined, raw });
      else for (const message of batch.messages) messages.push({ message, raw });
    }
    const track = inbox.accept(entry, messages.length);
    for (const [index, { message, raw }] of messages.entries()) {
      if (track.handled.has(index)) continue;
      if (message) {
        const turnId = `${claim.shard}.${entry.id}.${index}`;
        this.#take(this.#request(message, turnId, { track, index }));
        continue;
      }
      line.batch.dead.set(`${entry.id}:${index}`, encode(["mail", "unreadable", raw]));
      inbox.handle(track, index);
      line.batch.handledMessages += 1;
    }
  }

  timerDue(timer: LiveTimer): void {
    const message: Message = {
      ...parseActorKey(timer.actor),
      command: timer.command,
      input: timer.input,
      sender: `timer:${timer.name}`,
      depth: 0,
      sentAt: this.#parts.owner.now(),
    };
    this.#admit(this.#request(message, this.#turnId(), undefined, undefined, timer));
  }

  /** Takes the outcome of an effect, or sends it to who owns the shard by now. */
  outcome({ effectId, record, command, input }: EffectOutcome, isRunning: boolean): void {
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
    if (!isRunning) this.#parts.owner.tell(message);
    else this.#admit(this.#request(message, this.#turnId()));
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
    this.#parts.cells.enqueue(request);
  }

  /** Unguessable and unique, since claims are. */
  #turnId(): string {
    this.#turns += 1;
    return `${this.#parts.claim.claimId}.${this.#turns}`;
  }

  #request(
    message: Message,
    turnId: string,
    entry?: TurnRequest["entry"],
    local?: LocalCaller,
    timer?: LiveTimer,
  ): TurnRequest {
    const replyKey = replyKeyOf(message);
    return { message, turnId, replyKey, entry, local, timer, attempt: 1, failedAt: 0 };
  }
}
