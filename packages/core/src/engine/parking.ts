/**
 * Told commands that this owner cannot run and another node may: of a kind that it does not know, or
 * for a state that a newer version has written. They stay where they are stored, and cost neither a
 * turn nor memory; the next owner finds them there (I8). What is over their bound is put aside.
 */
import type { TurnRequest } from "./actor-cell.ts";
import type { Congestion } from "./congestion.ts";
import type { ErrorOutcome, Failures } from "./failures.ts";
import type { EntryTrack, Inbox } from "./inbox.ts";
import type { OwnerContext } from "./owner-context.ts";

export interface ParkingParts {
  readonly owner: OwnerContext;
  readonly failures: Failures;
  readonly inbox: Inbox;
  readonly congestion: Congestion;
}

export class Parking {
  readonly #parts: ParkingParts;
  readonly #waiting = new Map<string, number>();

  constructor(parts: ParkingParts) {
    this.#parts = parts;
  }

  /** Messages of the mailbox that wait, by kind. */
  get waiting(): ReadonlyMap<string, number> {
    return this.#waiting;
  }

  /** Leaves a told command to another owner; `error` says why it cannot be run. */
  park(request: TurnRequest, error: ErrorOutcome): void {
    const { message, entry, local, timer } = request;
    // A timer fires again under the next owner, which loads what is stored.
    if (timer) return;
    if (entry) this.#wait(request, entry.track, error);
    else if (local) local.store();
    else this.#parts.owner.tellStored(message);
  }

  #wait(request: TurnRequest, track: EntryTrack, error: ErrorOutcome): void {
    const { owner, failures, inbox, congestion } = this.#parts;
    const { kind } = request.message;
    const count = (this.#waiting.get(kind) ?? 0) + 1;
    const bound = owner.settings.unknownKindPerShard;
    // What was under way when callers were refused, and what actors tell each other, has room still.
    if (count > 2 * bound) {
      failures.reject(request, error);
      return;
    }
    if (count === 1) owner.logger.warn({ kind, why: error.message }, "messages wait");
    if (count >= bound) congestion.close(kind);
    this.#waiting.set(kind, count);
    inbox.park(track);
  }
}
