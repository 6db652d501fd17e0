/**
 * One command of this node on its way: to the owner that runs on this node too, with no mailbox and
 * one commit, or through the shard's mailbox (I2, I4).
 */
import type { RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { LocalCaller } from "./actor-cell.ts";
import type { AskEnd, AskTable } from "./ask.ts";
import { endOfAppend, outOfMemory } from "./ask-ends.ts";
import type { AppendEnd, Parcel, Producer } from "./producer.ts";
import { deferred, describeThrown, type TurnInput } from "./turn.ts";
import type { Outcome } from "./wire.ts";

/** What this node has under way to one shard, on both paths. */
export interface Lane {
  readonly shard: ShardId;
  readonly producer: Producer;
  /** What the shard takes no more of, as another node that owns it has told. */
  closed: ReadonlySet<string> | undefined;
  /** Monotonic ms from which on that has to be heard again. */
  closedUntil: number;
  /** Commands of this node that its own owner of the shard has taken and not settled. */
  local: number;
  /** Commands that the owner gave back. */
  readonly returned: Dispatch[];
  /** Commands waiting for the local path to become empty. */
  readonly held: Dispatch[];
}

/** What is told of a command on the local path; the router. */
export interface LocalPath {
  readonly asks: AskTable;
  /** Failed messages wait in the shard's mailbox for room among its dead letters. */
  isChoked(shard: ShardId): boolean;
  /** One command less of this node is with its own owner. */
  leaves(lane: Lane): void;
}

const tooFewReplicas: AskEnd = {
  kind: "failed",
  code: "OUTCOME_UNKNOWN",
  known: "unknown",
  message: "fewer replicas than asked for had it in time",
};
const done: AskEnd = { kind: "answered", outcome: { kind: "value", value: undefined } };

export class Dispatch implements LocalCaller, Parcel {
  message: Message;
  readonly input: TurnInput;
  readonly #path: LocalPath;
  readonly #lane: Lane;
  readonly #askId: number;
  #outcome: Outcome | typeof deferred | undefined;
  /** Goes through the mailbox, whoever owns the shard. */
  mustStore: boolean;

  constructor(
    path: LocalPath,
    lane: Lane,
    message: Message,
    input: TurnInput,
    askId: number,
    mustStore = false,
  ) {
    this.#path = path;
    this.#lane = lane;
    this.message = message;
    this.input = input;
    this.#askId = askId;
    this.mustStore = mustStore;
  }

  get lane(): Lane {
    return this.#lane;
  }

  /** Grows with each command of this node. */
  get order(): number {
    return this.#askId;
  }

  /** Ends it, whatever its path. */
  end(end: AskEnd): void {
    this.#path.asks.settle(this.#askId, end);
  }

  // On the way through the mailbox.

  stillWanted(): boolean {
    return this.#path.asks.isOpen(this.#askId);
  }
  sent(): void {
    this.#path.asks.markSent(this.#askId);
  }
  stalled(): void {
    this.#path.asks.giveUp(this.#askId, outOfMemory);
  }
  unsent(): void {
    this.#path.asks.markUnsent(this.#askId);
  }
  appended(end: AppendEnd): void {
    if (end.kind !== "appended") this.end(endOfAppend(end, this.#path.isChoked(this.#lane.shard)));
    else if (!this.message.replyTo) this.end(end.isShort ? tooFewReplicas : done);
  }
  unsendable(thrown: unknown): void {
    const message = `the input cannot be sent: ${describeThrown(thrown)}`;
    this.end({ kind: "failed", code: "VALIDATION", known: "not-applied", message });
  }

  // With the owner on this node.

  begin(): boolean {
    const { asks } = this.#path;
    const open = asks.isOpen(this.#askId);
    if (open) asks.markSent(this.#askId);
    else this.#path.leaves(this.#lane);
    return open;
  }
  answer(outcome: Outcome): void {
    this.#outcome = outcome;
  }
  store(): void {
    this.mustStore = true;
    this.notApplied();
  }
  tried(attempts: number, firstAt: RedisMs): void {
    this.message = { ...this.message, tried: [attempts, firstAt] };
  }
  defer(): void {
    this.#outcome = deferred;
  }
  applied(): void {
    const outcome = this.#outcome;
    if (outcome === undefined) {
      this.unknown();
      return;
    }
    if (outcome.kind !== "deferred") this.end({ kind: "answered", outcome });
    this.#path.leaves(this.#lane);
  }
  short(): void {
    // A refusal or an error has changed nothing; a later commit answers what was deferred.
    if (this.#outcome?.kind !== "value") this.applied();
    else {
      this.end(tooFewReplicas);
      this.#path.leaves(this.#lane);
    }
  }
  notApplied(): void {
    this.#path.asks.markUnsent(this.#askId);
    this.#outcome = undefined;
    this.#lane.returned.push(this);
    this.#path.leaves(this.#lane);
  }
  unknown(): void {
    this.end({
      kind: "failed",
      code: "OUTCOME_UNKNOWN",
      known: "unknown",
      message: "the owner lost its shard while the command was being written",
    });
    this.#path.leaves(this.#lane);
  }
}
