/**
 * Puts work aside that cannot be carried out: makes its dead letter and ends it, both with one
 * commit. Without room it is parked: it stays stored where it is, is not run, and the verdict is
 * kept with it, so that the next owner parks it as well (I7, I8).
 */
import { actorKey, stableHash } from "../model/actor-address.ts";
import type { DeadReason } from "../model/dead-letter.ts";
import type { Epoch } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Claim } from "../ports/shard-store.ts";
import { redactSecrets } from "../secrets.ts";
import type { TurnRequest } from "./actor-cell.ts";
import type { CommitLine } from "./commit-line.ts";
import type { EffectRunner } from "./effect-runner.ts";
import type { EntryTrack, Inbox } from "./inbox.ts";
import type { LetterDesk, NewLetter } from "./letter-desk.ts";
import { encodeAside } from "./letter-record.ts";
import { type EntryPart, entryParts, idBefore } from "./mail-entry.ts";
import type { OwnerContext } from "./owner-context.ts";
import type { TimerSet } from "./timer-set.ts";
import { condemned, messageWork, type Tries, type TryBook, workOf } from "./tries.ts";
import type { TurnEnd } from "./turn-end.ts";
import { type EffectRecord, encodeEffect, encodeMessage, type Outcome } from "./wire.ts";

export interface AsidesParts {
  readonly owner: OwnerContext;
  readonly claim: Claim;
  readonly epoch: Epoch;
  readonly line: CommitLine;
  readonly inbox: Inbox;
  readonly timers: TimerSet;
  readonly effects: EffectRunner;
  readonly letters: LetterDesk;
  readonly book: TryBook;
  readonly end: TurnEnd;
}

/** Why something is put aside. */
export interface Verdict {
  readonly reason: DeadReason;
  readonly error: string;
  /** Starts that were not survived. */
  readonly starts?: number;
}

const digest = (text: string): string =>
  stableHash(text).toString(36) + stableHash(`+${text}`).toString(36);

/** The same whoever puts it aside; small letters, digits, dots and dashes alone. */
const nameOf = ({ entry, timer, turnId }: TurnRequest, epoch: Epoch): string => {
  if (entry) return `${entry.track.id}.${entry.index}`;
  if (timer) return `t${timer.dueAt}.${digest(timer.key)}`;
  return `c${epoch}.${turnId.slice(turnId.lastIndexOf(".") + 1)}`;
};

/** Errors tell what handlers were given: secrets in it are taken out. */
const shown = (verdict: Verdict, { input }: Message): Verdict => ({
  ...verdict,
  error: redactSecrets(verdict.error, [input]),
});

const letterOfRequest = (request: TurnRequest, verdict: Verdict, epoch: Epoch): NewLetter => {
  const { message, timer, tries } = request;
  const { command, sender, principal } = message;
  return {
    ...shown(verdict, message),
    name: nameOf(request, epoch),
    work: timer ? "timer" : "message",
    tries,
    body: encodeAside(message),
    actor: actorKey(message.kind, message.id),
    command,
    sender,
    principal,
  };
};

const letterOfPart = (
  track: EntryTrack,
  index: number,
  { message, batch, place }: EntryPart,
  verdict: Verdict,
  tries: Tries | undefined,
): NewLetter => {
  const name = `${track.id}.${index}`;
  if (!message) return { ...verdict, name, work: "mail", tries, body: batch, index: place };
  const { command, sender, principal } = message;
  const actor = actorKey(message.kind, message.id);
  const body = encodeAside(message);
  const why = shown(verdict, message);
  return { ...why, name, work: "message", tries, body, actor, command, sender, principal };
};

export class Asides {
  readonly #parts: AsidesParts;

  constructor(parts: AsidesParts) {
    this.#parts = parts;
  }

  /** Ends a told message, a timer or the outcome of an effect. */
  request(request: TurnRequest, verdict: Verdict, outcome: Outcome): void {
    const { letters, end } = this.#parts;
    if (letters.hasRoom) {
      letters.aside(letterOfRequest(request, verdict, this.#parts.epoch));
      end.finish(request, outcome);
    } else this.#parkRequest(request, verdict, outcome);
  }

  /** Ends a message that is not to be run, as it came in its entry. */
  part(track: EntryTrack, index: number, part: EntryPart, verdict: Verdict): void {
    const { letters, book, owner, line } = this.#parts;
    const tries = book.get(messageWork(track.id, index));
    const { message } = part;
    if (message?.replyTo && message.replyTo.deadlineAt >= owner.now()) {
      const refused = { kind: "error", code: "HANDLER_FAILED", message: verdict.error } as const;
      line.batch.reply(actorKey(message.kind, message.id), message.replyTo, refused);
    }
    if (letters.hasRoom) {
      letters.aside(letterOfPart(track, index, part, verdict, tries));
      this.#handled(track, index);
    } else this.#parkPart(track, index, verdict);
  }

  /** Puts aside stored bytes that cannot be understood; `remove` takes them out of the shard. */
  unreadable(work: "timer" | "effect" | "ask", id: string, body: Uint8Array, remove: () => void) {
    const { letters, epoch } = this.#parts;
    const name = `${work}.${digest(id)}.${epoch}`;
    const error = `the stored ${work} cannot be understood`;
    const aside = () => {
      letters.aside({ name, work, reason: "unreadable", error, tries: undefined, body });
      remove();
    };
    if (letters.hasRoom) aside();
    else letters.park(aside);
  }

  /** Gives up an effect; `giveUp` tells its actor, and the letter is written with what that does. */
  effect(
    effectId: string,
    record: EffectRecord,
    tries: Tries | undefined,
    verdict: Verdict,
    giveUp: (letter: NewLetter) => void,
  ): void {
    const { letters } = this.#parts;
    const letter: NewLetter = {
      ...verdict,
      name: `e${record.epoch}.${digest(effectId)}`,
      work: "effect",
      tries,
      body: encodeEffect(record),
      actor: record.actor,
      command: record.effect,
      principal: record.principal,
    };
    if (letters.hasRoom) giveUp(letter);
    else letters.park(() => giveUp(letter));
  }

  #parkRequest(request: TurnRequest, verdict: Verdict, outcome: Outcome): void {
    const { owner, line, letters, end, book, timers, effects } = this.#parts;
    const { entry, timer, message, tries } = request;
    if (entry) {
      this.#parkPart(entry.track, entry.index, verdict);
      return;
    }
    const work = workOf(request);
    if (work === undefined) {
      // A command of this node is stored nowhere yet: it waits in the mailbox, used up as it is.
      if (letters.parked >= owner.settings.mailboxPerShard) {
        const text = "as many failed messages wait for room among the dead letters as may";
        end.finish(request, { kind: "error", code: "DEAD_LETTERS_FULL", message: text });
        return;
      }
      const tried = tries && ([tries.attempts, tries.firstAt] as const);
      line.batch.local.push(encodeMessage({ ...message, ...(tried && { tried }) }));
      end.finish(request, outcome);
      return;
    }
    this.#condemn(work, tries, verdict);
    letters.park(() => {
      const isGone = timer
        ? timers.get(timer.key) !== timer
        : message.effectId !== undefined && !effects.isRecorded(message.effectId);
      if (isGone) {
        book.forget(line.batch, work);
        return;
      }
      letters.aside(letterOfRequest(request, verdict, this.#parts.epoch));
      end.finish(request, outcome);
    });
  }

  #parkPart(track: EntryTrack, index: number, verdict: Verdict): void {
    const work = messageWork(track.id, index);
    const tries = this.#parts.book.get(work);
    this.#condemn(work, tries, verdict);
    this.#parts.inbox.park(track);
    // Not the message, which may be large: it stands in the mailbox.
    this.#parts.letters.park(() => this.#fromMailbox(track, index, verdict));
  }

  #condemn(work: string, tries: Tries | undefined, { reason, error }: Verdict): void {
    const { book, line, owner } = this.#parts;
    if (tries?.verdict) return;
    book.put(line.batch, work, condemned(tries, reason, error, owner.now()));
  }

  async #fromMailbox(track: EntryTrack, index: number, verdict: Verdict): Promise<void> {
    const { owner, claim, letters, book } = this.#parts;
    const after = idBefore(track.id);
    const [answer] = await owner.store.read({ reads: [{ claim, after }], limit: 1 });
    if (answer?.kind !== "entries") throw new Error(`the mailbox was not read: ${answer?.kind}`);
    const entry = answer.entries.find(({ id }) => id === track.id);
    const part = entry && entryParts(entry)[index];
    const tries = book.get(messageWork(track.id, index));
    if (part) letters.aside(letterOfPart(track, index, part, verdict, tries));
    this.#handled(track, index);
  }

  #handled(track: EntryTrack, index: number): void {
    const { inbox, line, book } = this.#parts;
    inbox.handle(track, index);
    line.batch.handledMessages += 1;
    book.forget(line.batch, messageWork(track.id, index));
  }
}
