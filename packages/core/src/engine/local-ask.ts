/** The way of a command whose owner runs on the caller's own node: no mailbox, one commit (I2, I4). */
import type { ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { LocalCaller } from "./actor-cell.ts";
import type { AskEnd } from "./ask.ts";
import type { Producer } from "./producer.ts";
import type { TurnInput } from "./turn.ts";
import type { Outcome } from "./wire.ts";

/** What this node has under way to one shard, on both paths. */
export interface Lane {
  readonly producer: Producer;
  /** Commands of this node that its own owner of the shard has taken and not settled. */
  local: number;
  /** Commands that the owner gave back: they go before what was held behind them. */
  readonly returned: Dispatch[];
  /** Commands waiting for the local path to become empty. */
  readonly held: Dispatch[];
}

/** One command on its way to a path. */
export interface Dispatch {
  readonly shard: ShardId;
  readonly message: Message;
  readonly input: TurnInput;
  readonly askId: number;
}

/** What becomes of a command on the local path; the router. */
export interface LocalPath {
  /** Notes that the owner has taken a command up; false once its caller has given up. */
  begins(lane: Lane, parcel: Dispatch): boolean;
  /** Ends a command. */
  ends(lane: Lane, parcel: Dispatch, end: AskEnd): void;
  /** Takes back a command that the owner did not apply. */
  returns(lane: Lane, parcel: Dispatch): void;
}

/** A command of this node on its owner, which runs here too. */
export class LocalAsk implements LocalCaller {
  readonly #path: LocalPath;
  readonly #lane: Lane;
  readonly #parcel: Dispatch;
  #outcome: Outcome | undefined;

  constructor(path: LocalPath, lane: Lane, parcel: Dispatch) {
    this.#path = path;
    this.#lane = lane;
    this.#parcel = parcel;
  }

  get input(): TurnInput {
    return this.#parcel.input;
  }
  begin(): boolean {
    return this.#path.begins(this.#lane, this.#parcel);
  }
  answer(outcome: Outcome): void {
    this.#outcome = outcome;
  }
  applied(): void {
    if (this.#outcome === undefined) this.unknown();
    else this.#path.ends(this.#lane, this.#parcel, { kind: "answered", outcome: this.#outcome });
  }
  notApplied(): void {
    this.#path.returns(this.#lane, this.#parcel);
  }
  unknown(): void {
    this.#path.ends(this.#lane, this.#parcel, {
      kind: "failed",
      code: "OUTCOME_UNKNOWN",
      known: "unknown",
      message: "the owner lost its shard while the command was being written",
    });
  }
}
