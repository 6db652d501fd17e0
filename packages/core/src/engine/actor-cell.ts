/** One actor in memory on its owner: its state and the commands that wait for it. */
import { decode } from "../codec.ts";
import { actorKey } from "../model/actor-address.ts";
import type { ActorKey, RedisMs } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Settlement } from "./commit-batch.ts";
import type { EntryTrack } from "./inbox.ts";
import type { AnyKind } from "./kinds.ts";
import type { NewLetter } from "./letter-desk.ts";
import type { CellHome, Resident } from "./residency.ts";
import type { LiveTimer } from "./timer-set.ts";
import type { Tries } from "./tries.ts";
import { describeThrown, type TurnInput } from "./turn.ts";
import type { Outcome } from "./wire.ts";

/** A caller on the owner's own node, which needs no mailbox. */
export interface LocalCaller extends Settlement {
  readonly input: TurnInput;
  /** Called when the turn begins; false once the caller's deadline has passed. */
  begin(): boolean;
  /** Takes the answer, to be given once the commit is accepted (`applied`). */
  answer(outcome: Outcome): void;
  /** Sends it through the mailbox after all, to wait there for another owner. */
  store(): void;
  /** Takes note of attempts that failed, before it is handed on to another owner. */
  tried(attempts: number, firstAt: RedisMs): void;
  /** Takes note that a later turn answers: `applied` leaves the ask open. */
  defer(): void;
}

/** One command on its way through its owner. */
export interface TurnRequest {
  readonly message: Message;
  readonly turnId: string;
  /** Key under which the reply is kept, scoped to principal and actor. */
  readonly replyKey: string | undefined;
  readonly entry: { readonly track: EntryTrack; readonly index: number } | undefined;
  readonly local: LocalCaller | undefined;
  readonly timer: LiveTimer | undefined;
  /** What is remembered of earlier attempts and starts. */
  tries: Tries | undefined;
  /** Set while it is under suspicion: it starts behind a mark. */
  probe: "together" | "alone" | undefined;
  /** Written with the commit that handles it. */
  readonly letter: NewLetter | undefined;
}

/** Shared by all actors for whom nothing waits: most have no queue of their own. */
const nobody: TurnRequest[] = [];

/** Kept small: a node may hold millions. Its key is made when it is asked for. */
export class ActorCell implements Resident {
  readonly id: string;
  readonly kindName: string;
  /** Undefined for a kind that this node does not know. */
  readonly kind: AnyKind | undefined;
  state: unknown = undefined;
  loaded = false;
  /** Why the stored state cannot be used. */
  unreadable: UnreadableState | undefined = undefined;
  /** Set while commands must wait: for the state, a kept reply, or a retry. */
  blocked = false;
  /** Set while the actor stands in the line for turns. */
  scheduled = false;
  /** Size of the state when it was last encoded. */
  bytes = 0;
  /** Monotonic ms. */
  lastUsedAt: number;
  readonly home: CellHome;
  resident = false;
  older: ActorCell | undefined = undefined;
  newer: ActorCell | undefined = undefined;
  #queue = nobody;

  constructor(
    kindName: string,
    id: string,
    kind: AnyKind | undefined,
    now: number,
    home: CellHome,
  ) {
    this.kindName = kindName;
    this.id = id;
    this.kind = kind;
    this.lastUsedAt = now;
    this.home = home;
  }

  get key(): ActorKey {
    return actorKey(this.kindName, this.id);
  }

  get queue(): readonly TurnRequest[] {
    return this.#queue;
  }

  push(request: TurnRequest): void {
    if (this.#queue === nobody) this.#queue = [request];
    else this.#queue.push(request);
  }

  unshift(request: TurnRequest): void {
    if (this.#queue === nobody) this.#queue = [request];
    else this.#queue.unshift(request);
  }

  /** Takes away the request at `index`. */
  take(index: number): TurnRequest | undefined {
    const request = index === 0 ? this.#queue.shift() : this.#queue.splice(index, 1)[0];
    if (this.#queue.length === 0) this.#queue = nobody;
    return request;
  }

  /** Takes away all that waits. */
  takeAll(): readonly TurnRequest[] {
    const all = this.#queue;
    this.#queue = nobody;
    return all;
  }
}

/** A stored state that this node cannot use; one of a newer version another node can. */
export interface UnreadableState {
  readonly error: string;
  readonly isNewer?: true;
}

export type StateReading =
  | { readonly kind: "state"; readonly state: unknown }
  | ({ readonly kind: "unreadable" } & UnreadableState);

/** Reads a stored state, migrating an older version; an absent one begins as `initial`. */
export const readState = (
  kind: AnyKind,
  id: string,
  stored: Uint8Array | "absent",
): StateReading => {
  const { implementation } = kind;
  try {
    if (stored === "absent") {
      return { kind: "state", state: kind.state.parse(implementation.initial(id)) };
    }
    const decoded = decode(stored);
    if (decoded.kind === "corrupt") return { kind: "unreadable", error: decoded.error };
    const pair: unknown = decoded.value;
    if (!Array.isArray(pair) || typeof pair[0] !== "number") {
      return { kind: "unreadable", error: "not a stored state" };
    }
    const current = implementation.version ?? 1;
    const version = pair[0];
    let state: unknown = pair[1];
    if (version > current) {
      return {
        kind: "unreadable",
        error: `written by version ${version} of the kind, this node knows up to ${current}`,
        isNewer: true,
      };
    }
    if (version < current) {
      if (!implementation.migrate) {
        return { kind: "unreadable", error: `version ${version} has no migration` };
      }
      state = implementation.migrate(state, version);
    }
    return { kind: "state", state: kind.state.parse(state) };
  } catch (thrown) {
    return { kind: "unreadable", error: describeThrown(thrown) };
  }
};
