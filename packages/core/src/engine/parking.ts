/**
 * Told commands that this owner cannot run and another node may: of a kind that it does not know, or
 * for a state that a newer version has written. They stay where they are stored, and cost neither a
 * turn nor memory; the next owner finds them there (I8). What is over their bound is put aside.
 */
import type { TurnRequest } from "./actor-cell.ts";
import type { ErrorOutcome, Failures } from "./failures.ts";
import type { OwnerContext } from "./owner-context.ts";

export class Parking {
  readonly #owner: OwnerContext;
  readonly #failures: Failures;
  readonly #waiting = new Map<string, number>();

  constructor(owner: OwnerContext, failures: Failures) {
    this.#owner = owner;
    this.#failures = failures;
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
    if (entry) this.#count(request, error);
    else if (local) local.store();
    else this.#owner.tellStored(message);
  }

  #count(request: TurnRequest, error: ErrorOutcome): void {
    const { kind } = request.message;
    const count = (this.#waiting.get(kind) ?? 0) + 1;
    // Callers are refused from the bound on; what was under way by then and what actors tell each
    // other still has room.
    if (count > 2 * this.#owner.settings.unknownKindPerShard) {
      this.#failures.reject(request, error);
      return;
    }
    if (count === 1) this.#owner.logger.warn({ kind, why: error.message }, "messages wait");
    this.#waiting.set(kind, count);
  }
}
