/**
 * Follows one mailbox: takes what wake-ups carry while nothing is missing, reads the stream when
 * something is, and stops reading while enough is waiting in memory (I7).
 */

import type { EntryId } from "../model/ids.ts";
import type { Claim, MailEntry, Refusal, ShardStore } from "../ports/shard-store.ts";
import { isAfter } from "./inbox.ts";

/** What a read of one mailbox answers. */
export type ReadAnswer =
  | { readonly kind: "entries"; readonly entries: readonly MailEntry[]; readonly more: boolean }
  | Refusal;

export interface MailReaderContext {
  readonly store: ShardStore;
  readonly claim: Claim;
  lastRead(): EntryId;
  /** The newest entry at the take-over: wake-ups up to it are of the time before. */
  readonly takenOverAt: EntryId;
  /** True while intake is open. */
  isOpen(): boolean;
  /** True while enough is waiting in memory. */
  isFull(): boolean;
  accept(entry: MailEntry): void;
  /** Everything that stood in the mailbox when reading it began has been taken. */
  allRead(): void;
  refused(refusal: Refusal): void;
}

const readLimit = 128;

export class MailReader {
  readonly #context: MailReaderContext;
  #behind = true;
  #reading = false;

  constructor(context: MailReaderContext) {
    this.#context = context;
  }

  /**
   * Takes an entry that follows `previous`, or reads from where the reader stands. A late wake-up
   * of an entry that a former owner has handled follows what was read here as well (I2).
   */
  offer(entry: MailEntry | undefined, previous: EntryId | undefined): void {
    const { isOpen, isFull, lastRead, takenOverAt, accept } = this.#context;
    if (!isOpen()) return;
    const isNext = entry && previous === lastRead() && isAfter(entry.id, takenOverAt);
    if (!isNext || this.#reading || isFull()) this.read();
    else accept(entry);
  }

  /** Reads until nothing is left, unless that is under way. */
  read(): void {
    this.#behind = true;
    this.catchUp();
  }

  /** Goes on reading where it was left because enough was waiting. */
  catchUp(): void {
    if (this.#behind && !this.#reading && !this.#context.isFull()) void this.#run();
  }

  /** Where a sweep should read from; `undefined` while this mailbox is being read anyway. */
  sweepFrom(): EntryId | undefined {
    const idle = this.#context.isOpen() && !this.#reading && !this.#context.isFull();
    return idle ? this.#context.lastRead() : undefined;
  }

  /** Takes what a sweep found after `after`. */
  swept(after: EntryId, answer: ReadAnswer): void {
    if (!this.#context.isOpen() || this.#reading || after !== this.#context.lastRead()) return;
    this.#take(answer);
    if (answer.kind === "entries" && !answer.more) this.#context.allRead();
    this.catchUp();
  }

  async #run(): Promise<void> {
    const { store, claim, isOpen, isFull, lastRead } = this.#context;
    this.#reading = true;
    let isWhole = false;
    while (this.#behind && isOpen() && !isFull()) {
      this.#behind = false;
      try {
        const [answer] = await store.read({
          reads: [{ claim, after: lastRead() }],
          limit: readLimit,
        });
        if (!answer || answer.kind === "unanswered" || !isOpen()) break;
        this.#take(answer);
        isWhole = answer.kind === "entries" && !answer.more;
      } catch {
        break; // the sweep reads again
      }
    }
    this.#reading = false;
    if (isWhole && isOpen()) this.#context.allRead();
  }

  #take(answer: ReadAnswer): void {
    if (answer.kind !== "entries") {
      this.#context.refused(answer);
      return;
    }
    for (const entry of answer.entries) this.#context.accept(entry);
    this.#behind ||= answer.more;
  }
}
