/**
 * The actors of one shard that are in memory, and the fetching of those that are not: states and
 * kept replies are read in one fenced call for all that wait (I1).
 */
import type { ActorKey } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Claim, Refusal, ShardStore } from "../ports/shard-store.ts";
import { type ActorCell, readState, type TurnRequest } from "./actor-cell.ts";
import { backoff } from "./backoff.ts";
import type { Kinds } from "./kinds.ts";
import type { ReplyMemory } from "./reply-memory.ts";

export interface ActorCellsContext {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly claim: Claim;
  readonly kinds: Kinds;
  readonly logger: Logger;
  readonly replies: ReplyMemory;
  isOpen(): boolean;
  /** Takes a request whose cell is ready, or will be asked for again. */
  admit(request: TurnRequest): void;
  refused(refusal: Refusal): void;
}

export class ActorCells {
  readonly #context: ActorCellsContext;
  readonly #cells = new Map<ActorKey, ActorCell>();
  readonly #toFetch = new Map<ActorCell, Set<string>>();
  #fetching = false;

  constructor(context: ActorCellsContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#cells.size;
  }

  /** The cell of an actor, made when there is none. */
  of(message: Message, key: ActorKey): ActorCell {
    const known = this.#cells.get(key);
    if (known) return known;
    const { kinds, clock } = this.#context;
    const cell: ActorCell = {
      key,
      kind: kinds.get(message.kind),
      id: message.id,
      state: undefined,
      loaded: false,
      unreadable: undefined,
      blocked: false,
      waiting: [],
      bytes: 0,
      lastUsedAt: clock.monotonic(),
    };
    this.#cells.set(key, cell);
    return cell;
  }

  /** Makes a request wait until its actor's state, and its kept reply if named, were read. */
  fetch(cell: ActorCell, request: TurnRequest, replyKey: string | undefined): void {
    this.block(cell, request);
    this.#toFetch.set(cell, new Set(replyKey === undefined ? [] : [replyKey]));
    if (this.#fetching) return;
    this.#fetching = true;
    queueMicrotask(() => void this.#run());
  }

  /** Holds back a request and all later ones of its actor. */
  block(cell: ActorCell, request: TurnRequest): void {
    cell.blocked = true;
    cell.waiting.push(request);
  }

  /** Lets through what waited, in its order. */
  unblock(cell: ActorCell): void {
    cell.blocked = false;
    const waiting = cell.waiting;
    cell.waiting = [];
    for (const request of waiting) this.#context.admit(request);
  }

  /** Takes away everything that waits. */
  takeWaiting(): TurnRequest[] {
    const waiting: TurnRequest[] = [];
    for (const cell of this.#cells.values()) {
      waiting.push(...cell.waiting);
      cell.waiting = [];
    }
    return waiting;
  }

  /** Drops up to `limit` actors that `mayDrop`; they are read again when next used. */
  drop(limit: number, mayDrop: (cell: ActorCell) => boolean): void {
    let left = limit;
    for (const cell of this.#cells.values()) {
      if (left === 0) return;
      if (cell.blocked || cell.waiting.length > 0 || !mayDrop(cell)) continue;
      this.#cells.delete(cell.key);
      left -= 1;
    }
  }

  async #run(): Promise<void> {
    const { store, claim, clock, replies, isOpen, refused } = this.#context;
    for (let attempt = 1; this.#toFetch.size > 0 && isOpen(); ) {
      const wanted = [...this.#toFetch];
      const cells = wanted.map(([cell]) => cell).filter((cell) => !cell.loaded && cell.kind);
      const keys = [...new Set(wanted.flatMap(([, replyKeys]) => [...replyKeys]))];
      try {
        const answer = await store.fetch({
          claim,
          actors: cells.map((cell) => cell.key),
          idempotencyKeys: keys,
        });
        if (!isOpen()) break;
        if (answer.kind !== "fetched") {
          refused(answer);
          break;
        }
        attempt = 1;
        for (const [i, cell] of cells.entries()) this.#take(cell, answer.states[i] ?? "absent");
        for (const [i, key] of keys.entries()) replies.fetched(key, answer.replies[i] ?? "absent");
        for (const [cell] of wanted) {
          this.#toFetch.delete(cell);
          this.unblock(cell);
        }
      } catch {
        await backoff(clock, attempt);
        attempt += 1;
      }
    }
    this.#fetching = false;
  }

  #take(cell: ActorCell, stored: Uint8Array | "absent"): void {
    if (!cell.kind) return;
    const reading = readState(cell.kind, cell.id, stored);
    cell.loaded = true;
    cell.bytes = stored === "absent" ? 0 : stored.byteLength;
    if (reading.kind === "state") cell.state = reading.state;
    else {
      cell.unreadable = reading.error;
      this.#context.logger.error({ actor: cell.key, error: reading.error }, "unreadable state");
    }
  }
}
