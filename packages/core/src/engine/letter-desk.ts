/**
 * Dead letters of one shard, as its owner writes them. They are bounded: resolved ones make room for
 * new ones, oldest first. While all are open, what should be put aside stays where it is, is not run
 * again, and follows as soon as there is room: nothing is lost, and nothing else waits (I7, I8).
 */
import { z } from "zod";
import { encode } from "../codec.ts";
import { actorKey } from "../model/actor-address.ts";
import type { DeadReason, DeadWork, LetterHead } from "../model/dead-letter.ts";
import type { ActorKey, RedisMs, ShardId } from "../model/ids.ts";
import type { CommitBatch } from "./commit-batch.ts";
import type { CommitLine } from "./commit-line.ts";
import { encodeEvent } from "./event-record.ts";
import { Fifo } from "./fifo.ts";
import { type LetterState, letterKind } from "./letter-kind.ts";
import { encodeHead } from "./letter-record.ts";
import type { OwnerContext } from "./owner-context.ts";
import type { Tries } from "./tries.ts";
import { encodeMessage } from "./wire.ts";

/** What a shard shows of its dead letters, in memory on every node. */
export const letterCounts = z.strictObject({
  open: z.number().int(),
  /** Waiting for room. */
  parked: z.number().int(),
});
export type LetterCounts = z.output<typeof letterCounts>;

/** Something to be put aside. */
export interface NewLetter {
  /** Unique within the shard, the same whoever puts it aside. */
  readonly name: string;
  readonly work: DeadWork;
  readonly reason: DeadReason;
  readonly error: string;
  /** Starts that were not survived. */
  readonly starts?: number;
  readonly tries: Tries | undefined;
  readonly body: Uint8Array;
  readonly actor?: ActorKey;
  readonly command?: string;
  readonly sender?: string;
  readonly principal?: string | undefined;
  readonly index?: number;
}

export interface LetterDeskContext {
  readonly owner: OwnerContext;
  readonly shard: ShardId;
  readonly line: CommitLine;
  /** Tells an event with the batch being filled. */
  emit(event: Uint8Array): void;
  isOpen(): boolean;
  /** Something is to be written. */
  ready(): void;
}

const maxErrorLength = 2_000;
const retryMs = 1_000;

const headOf = (letter: NewLetter, now: RedisMs): LetterHead => {
  const { work, reason, error, tries, actor, command, sender, principal, index = -1 } = letter;
  const known = (tries?.attempts ?? 0) + (letter.starts ?? tries?.starts ?? 0);
  const attempts = reason === "unreadable" ? known : Math.max(1, known);
  return {
    work,
    reason,
    actor,
    command,
    sender,
    principal,
    attempts,
    firstAt: tries?.firstAt ?? now,
    lastAt: tries?.lastAt ?? now,
    error: error.slice(0, maxErrorLength),
    createdAt: now,
    index,
    resolution: undefined,
    replays: 0,
  };
};

export class LetterDesk {
  readonly #context: LetterDeskContext;
  /** What waits for room; each puts itself aside when called. */
  readonly #parked = new Fifo<() => Promise<void> | void>();
  #open: number;
  #filling = false;

  constructor(context: LetterDeskContext, open: number) {
    this.#context = context;
    this.#open = open;
  }

  get hasRoom(): boolean {
    return this.#open < this.#context.owner.settings.deadLettersPerShard;
  }

  /** What waits for room. */
  get parked(): number {
    return this.#parked.length;
  }

  /** Puts something aside with the batch being filled, whether or not there is room. */
  aside(letter: NewLetter): void {
    const { owner, shard, line, emit } = this.#context;
    const now = owner.now();
    const head = headOf(letter, now);
    const id = `${shard}.${letter.name}`;
    const { batch } = line;
    batch.letters.set(id, { at: now, head: encodeHead(head), body: letter.body });
    batch.lettersKept = owner.settings.deadLettersPerShard;
    batch.bytes += letter.body.byteLength;
    this.#open += 1;
    owner.meter.deadLetters += 1;
    const { reason, work, actor, command, error } = head;
    const told = { work, actor, command, reason };
    const subject = actorKey(letterKind, id);
    emit(encodeEvent(subject, { type: "dead_letter.created", data: told }, now, head.principal));
    owner.logger.error({ letter: id, ...told, error }, "put aside as a dead letter");
    this.#show(batch);
  }

  /** Keeps something that must wait for room; `aside` makes a letter of it. */
  park(aside: () => Promise<void> | void): void {
    this.#parked.push(aside);
    this.#show(this.#context.line.batch);
    this.#context.ready();
  }

  /** Takes what a command decided about a letter. */
  take(batch: CommitBatch, id: string, before: LetterState, after: LetterState): void {
    if (after === "absent") return;
    const { owner } = this.#context;
    batch.lettersResolved.set(id, encodeHead(after.head));
    batch.lettersKept = owner.settings.deadLettersPerShard;
    for (const message of after.sends ?? []) {
      const { replyTo: _, effectId: __, tried: ___, chain: ____, ...kept } = message;
      const bytes = encodeMessage({ ...kept, depth: 0, sentAt: owner.now() });
      batch.bytes += bytes.byteLength;
      batch.local.push(bytes);
    }
    if (before === "absent" || before.head.resolution) return;
    this.#open -= 1;
    this.#show(batch);
    // What is parked follows once there is room in the store, not before.
    batch.settlements.push({
      applied: () => void this.#fill(),
      notApplied: () => {},
      unknown: () => {},
    });
  }

  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    while (this.#parked.length > 0 && this.hasRoom && this.#context.isOpen()) {
      const aside = this.#parked.shift();
      try {
        await aside?.();
      } catch (error) {
        this.#context.owner.logger.warn({ error: String(error) }, "what is parked was not read");
        if (aside) this.#parked.push(aside);
        this.#context.owner.clock.after(retryMs, () => void this.#fill());
        break;
      }
      this.#context.ready();
    }
    this.#filling = false;
  }

  #show(batch: CommitBatch): void {
    batch.viewRow(letterKind, String(this.#context.shard), () => {
      const counts: LetterCounts = { open: this.#open, parked: this.#parked.length };
      return encode(counts);
    });
  }
}
