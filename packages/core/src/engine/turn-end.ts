/** Takes a handled command and its answer into the batch; a read waits for what it depends on. */
import { actorKey } from "../model/actor-address.ts";
import type { ActorCell, LocalCaller, TurnRequest } from "./actor-cell.ts";
import type { CommitLine } from "./commit-line.ts";
import type { EffectRunner } from "./effect-runner.ts";
import type { Inbox } from "./inbox.ts";
import { commandOf } from "./kinds.ts";
import type { LetterDesk } from "./letter-desk.ts";
import type { Meter } from "./meter.ts";
import type { ReadChecks } from "./read-checks.ts";
import type { TimerSet } from "./timer-set.ts";
import { type TryBook, workOf } from "./tries.ts";
import type { TurnOutcome } from "./turn.ts";
import type { Outcome } from "./wire.ts";

export interface TurnEndParts {
  readonly meter: Pick<Meter, "commandsDone" | "commandsRefused" | "commandsFailed">;
  readonly line: CommitLine;
  readonly inbox: Inbox;
  readonly timers: TimerSet;
  readonly effects: EffectRunner;
  readonly checks: ReadChecks;
  readonly letters: LetterDesk;
  readonly book: TryBook;
}

/** The handler or the state is at fault, not the caller. */
const failures: ReadonlySet<string> = new Set(["HANDLER_FAILED", "STATE_UNREADABLE"]);

export class TurnEnd {
  readonly #parts: TurnEndParts;

  constructor(parts: TurnEndParts) {
    this.#parts = parts;
  }

  /** Takes a handled command and its answer into the batch. */
  finish(request: TurnRequest, outcome: TurnOutcome, cell?: ActorCell): void {
    const { inbox, timers, effects, letters, book, line, meter } = this.#parts;
    if (outcome.kind !== "error") meter.commandsDone += 1;
    else if (failures.has(outcome.code)) meter.commandsFailed += 1;
    else meter.commandsRefused += 1;
    const { message, local, entry, timer } = request;
    const { batch } = line;
    const isRead = (cell?.kind && commandOf(cell.kind, message.command)?.readOnly) ?? false;
    if (local && isRead && cell && outcome.kind !== "deferred") {
      this.#answerRead(cell, local, outcome);
      return;
    }
    batch.turns += 1;
    if (entry) {
      inbox.handle(entry.track, entry.index);
      batch.handledMessages += 1;
    }
    if (timer) {
      batch.timersRemoved.push(timer.member);
      // Not set again by this turn: a timer due at once may have been set by this very batch.
      if (timers.get(timer.key) === timer) {
        timers.remove(timer.key);
        batch.timersSet.delete(timer.key);
      }
    }
    if (message.effectId !== undefined) {
      batch.effectsPut.delete(message.effectId);
      batch.effectsRemoved.add(message.effectId);
      effects.forget(message.effectId);
      if (request.letter) letters.aside(request.letter);
    }
    const work = book.isEmpty ? undefined : workOf(request);
    if (work !== undefined) book.forget(batch, work);
    if (local) {
      if (outcome.kind === "deferred") local.defer();
      else local.answer(outcome);
      batch.settlements.push(local);
    } else if (message.replyTo && outcome.kind !== "deferred") {
      batch.reply(actorKey(message.kind, message.id), message.replyTo, outcome, isRead);
    }
  }

  /** A read waits for the commits it depends on, then for a check that began after it came. */
  #answerRead(cell: ActorCell, local: LocalCaller, outcome: Outcome): void {
    const { line, checks } = this.#parts;
    local.answer(outcome);
    const read = { answer: () => local.applied(), reroute: () => local.notApplied() };
    const depends = line.batch.dirty.has(cell)
      ? line.batch
      : line.flying?.dirty.has(cell)
        ? line.flying
        : undefined;
    if (!depends) checks.add(read);
    else {
      depends.settlements.push({
        applied: () => checks.add(read),
        notApplied: () => read.reroute(),
        unknown: () => read.reroute(),
      });
    }
  }
}
