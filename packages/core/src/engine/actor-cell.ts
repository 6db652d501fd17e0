/** One actor in memory on its owner: its state and the commands that wait for it. */
import { decode } from "../codec.ts";
import type { ActorKey } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Settlement } from "./commit-batch.ts";
import type { EntryTrack } from "./inbox.ts";
import type { AnyKind } from "./kinds.ts";
import type { Resident } from "./residency.ts";
import type { LiveTimer } from "./timer-set.ts";
import { describeThrown, type TurnInput } from "./turn.ts";
import type { Outcome } from "./wire.ts";

/** A caller on the owner's own node, which needs no mailbox. */
export interface LocalCaller extends Settlement {
  readonly input: TurnInput;
  /** Called when the turn begins; false once the caller's deadline has passed. */
  begin(): boolean;
  /** Takes the answer, to be given once the commit is accepted (`applied`). */
  answer(outcome: Outcome): void;
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
  attempt: number;
  /** Monotonic ms of the first failed attempt. */
  failedAt: number;
}

export interface ActorCell extends Resident {
  readonly key: ActorKey;
  readonly kindName: string;
  /** Undefined for a kind that this node does not know. */
  readonly kind: AnyKind | undefined;
  readonly id: string;
  state: unknown;
  loaded: boolean;
  /** Why the stored state cannot be used. */
  unreadable: string | undefined;
  /** Set while commands must wait: for the state, a kept reply, or a retry. */
  blocked: boolean;
  /** Set while the actor stands in the line for turns. */
  scheduled: boolean;
  readonly queue: TurnRequest[];
  /** Size of the state when it was last encoded. */
  bytes: number;
  /** Monotonic ms. */
  lastUsedAt: number;
}

export type StateReading =
  | { readonly kind: "state"; readonly state: unknown }
  | { readonly kind: "unreadable"; readonly error: string };

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
