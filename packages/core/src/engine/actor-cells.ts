/**
 * The actors of one shard that are in memory, each with the requests that wait for it, and the
 * order in which they get their turns: first come first served among actors, strictly in order
 * within one (I4). States and kept replies that are missing are read in one fenced call for all
 * that wait for them (I1).
 */
import type { Message } from "../model/message.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Claim, Refusal, ShardStore, StoredLetter } from "../ports/shard-store.ts";
import { ActorCell, readState, type TurnRequest } from "./actor-cell.ts";
import { backoff } from "./backoff.ts";
import type { Congestion } from "./congestion.ts";
import { Fifo } from "./fifo.ts";
import type { Kinds } from "./kinds.ts";
import { type LetterState, letterKind } from "./letter-kind.ts";
import { decodeHead } from "./letter-record.ts";
import type { ReplyMemory } from "./reply-memory.ts";
import type { CellHome, Residency } from "./residency.ts";

export interface ActorCellsContext {
  readonly residency: Residency;
  /** True while a commit that is not accepted yet holds the state. */
  isUnwritten(cell: ActorCell): boolean;
  readonly store: ShardStore;
  readonly clock: Clock;
  monotonic(): number;
  readonly claim: Claim;
  readonly kinds: Kinds;
  readonly logger: Logger;
  readonly replies: ReplyMemory;
  /** Commands that may wait for one actor; from there on senders outside are refused. */
  readonly mailboxPerActor: number;
  readonly congestion: Congestion;
  isOpen(): boolean;
  /** Something may have become ready for its turn. */
  ready(): void;
  refused(refusal: Refusal): void;
}

/** States that one call reads. */
const readAtOnce = 4_096;

type StoredBody = StoredLetter & { readonly body?: Uint8Array };

export class ActorCells implements CellHome {
  readonly #context: ActorCellsContext;
  /** By kind, then id: joined keys would have to be made and hashed for each command. */
  readonly #cells = new Map<string, Map<string, ActorCell>>();
  #size = 0;
  readonly #turns = new Fifo<ActorCell>();
  readonly #toFetch = new Map<ActorCell, string | undefined>();
  #queued = 0;
  #fetching = false;

  constructor(context: ActorCellsContext) {
    this.#context = context;
  }

  /** Actors in memory. */
  get size(): number {
    return this.#size;
  }
  /** Requests that wait. */
  get queued(): number {
    return this.#queued;
  }

  /** Puts a request behind the others of its actor. */
  enqueue(request: TurnRequest): void {
    const cell = this.#of(request.message);
    cell.push(request);
    this.#queued += 1;
    const { mailboxPerActor, congestion } = this.#context;
    if (cell.queue.length >= mailboxPerActor) congestion.close(cell.key);
    this.#schedule(cell);
  }

  /** Takes the request whose turn it is. */
  next(): { readonly cell: ActorCell; readonly request: TurnRequest } | undefined {
    const { congestion } = this.#context;
    for (;;) {
      const cell = this.#turns.shift();
      if (!cell) return undefined;
      cell.scheduled = false;
      const request = cell.queue[0];
      if (cell.blocked || !request || this.#fetchFor(cell, request)) continue;
      cell.take(0);
      this.#queued -= 1;
      if (congestion.closed) this.#relieve(cell);
      cell.lastUsedAt = this.#context.monotonic();
      this.#context.residency.touch(cell);
      this.#schedule(cell);
      return { cell, request };
    }
  }

  /** Lets senders in again once half of what may wait is done. */
  #relieve({ queue, key }: ActorCell): void {
    const { mailboxPerActor, congestion } = this.#context;
    if (queue.length <= mailboxPerActor / 2) congestion.open(key);
  }

  /** Puts a request back at the head of its actor's queue, which stands still until released. */
  hold(cell: ActorCell, request: TurnRequest): void {
    cell.unshift(request);
    this.#queued += 1;
    cell.blocked = true;
  }

  release(cell: ActorCell): void {
    cell.blocked = false;
    this.#schedule(cell);
  }

  /** Takes away the outcomes of effects that wait for actors in memory, held back or not. */
  takeOutcomes(): { readonly cell: ActorCell; readonly request: TurnRequest }[] {
    const taken: { readonly cell: ActorCell; readonly request: TurnRequest }[] = [];
    for (const cell of this.#all()) {
      if (!cell.loaded) continue;
      for (let i = cell.queue.length - 1; i >= 0; i--) {
        if (cell.queue[i]?.message.effectId === undefined) continue;
        const request = cell.take(i);
        if (request) taken.push({ cell, request });
        this.#queued -= 1;
      }
    }
    return taken.reverse();
  }

  /** Takes away everything that waits. */
  takeAll(): TurnRequest[] {
    const waiting: TurnRequest[] = [];
    for (const cell of this.#all()) waiting.push(...cell.takeAll());
    // Cells of unknown kinds stand in line and nowhere else.
    for (let cell = this.#turns.shift(); cell; cell = this.#turns.shift()) {
      cell.scheduled = false;
      waiting.push(...cell.takeAll());
    }
    this.#queued = 0;
    return waiting;
  }

  mayDrop(cell: ActorCell): boolean {
    return !cell.blocked && cell.queue.length === 0 && !this.#context.isUnwritten(cell);
  }

  forget({ kindName, id }: ActorCell): void {
    if (this.#cells.get(kindName)?.delete(id)) this.#size -= 1;
  }

  roomMade(): void {
    this.#beginFetch();
  }

  /** Lets go of all, once the shard is no longer owned. */
  end(): void {
    const { residency } = this.#context;
    for (const cell of this.#all()) residency.leave(cell);
    residency.end(this);
  }

  *#all(): Iterable<ActorCell> {
    for (const cells of this.#cells.values()) yield* cells.values();
  }

  #of(message: Message): ActorCell {
    const { kind, id } = message;
    let cells = this.#cells.get(kind);
    if (!cells) {
      cells = new Map();
      this.#cells.set(kind, cells);
    }
    const known = cells.get(id);
    if (known) return known;
    const cell = this.#cell(message);
    // There is nothing to keep of an actor whose kind is unknown.
    if (!cell.kind) return cell;
    cells.set(id, cell);
    this.#size += 1;
    return cell;
  }

  #cell({ kind, id }: Message): ActorCell {
    const { kinds, monotonic } = this.#context;
    return new ActorCell(kind, id, kinds.get(kind), monotonic(), this);
  }

  #schedule(cell: ActorCell): void {
    if (cell.blocked || cell.scheduled || cell.queue.length === 0) return;
    cell.scheduled = true;
    this.#turns.push(cell);
    this.#context.ready();
  }

  /** Begins to read what the request needs and is not in memory; tells whether it must wait. */
  #fetchFor(cell: ActorCell, request: TurnRequest): boolean {
    const { replyKey } = request;
    const needsReply = replyKey !== undefined && this.#context.replies.mustFetch(replyKey);
    if ((cell.loaded || !cell.kind) && !needsReply) return false;
    cell.blocked = true;
    this.#toFetch.set(cell, needsReply ? replyKey : undefined);
    this.#beginFetch();
    return true;
  }

  #beginFetch(): void {
    if (this.#fetching || this.#toFetch.size === 0) return;
    this.#fetching = true;
    queueMicrotask(() => void this.#fetch());
  }

  /** What the next read is for: states that there is room for, and replies. */
  #cut(): { readonly states: ActorCell[]; readonly keys: string[]; readonly wanted: ActorCell[] } {
    const { residency } = this.#context;
    let unread = 0;
    for (const cell of this.#toFetch.keys()) if (!cell.loaded && cell.kind) unread += 1;
    let room = residency.reserve(Math.min(unread, readAtOnce), this);
    const states: ActorCell[] = [];
    const keys: string[] = [];
    const wanted: ActorCell[] = [];
    for (const [cell, key] of this.#toFetch) {
      if (!cell.loaded && cell.kind) {
        if (room === 0) continue;
        room -= 1;
        states.push(cell);
      }
      if (key !== undefined) keys.push(key);
      wanted.push(cell);
    }
    return { states, keys, wanted };
  }

  async #fetch(): Promise<void> {
    const { store, claim, clock, replies, residency, isOpen, refused } = this.#context;
    for (let attempt = 1; this.#toFetch.size > 0 && isOpen(); ) {
      const { states, keys, wanted } = this.#cut();
      // Goes on when there is room.
      if (wanted.length === 0) break;
      let unread = states.length;
      try {
        const actors = states.map((cell) => cell.key);
        const letters = await this.#fetchLetters(states);
        const answer = await store.fetch({ claim, actors, idempotencyKeys: keys });
        if (!isOpen()) break;
        if (answer.kind !== "fetched") {
          refused(answer);
          break;
        }
        attempt = 1;
        for (const [i, cell] of states.entries()) {
          if (cell.kindName === letterKind) this.#takeLetter(cell, letters.get(cell.id));
          else this.#take(cell, answer.states[i] ?? "absent");
        }
        unread = 0;
        for (const [i, key] of keys.entries()) replies.fetched(key, answer.replies[i] ?? "absent");
        for (const cell of wanted) {
          this.#toFetch.delete(cell);
          this.release(cell);
        }
      } catch {
        await backoff(clock, attempt);
        attempt += 1;
      } finally {
        residency.giveBack(unread);
      }
    }
    this.#fetching = false;
  }

  /** Letters are changed by commits of the same claim alone, so what is read here is the last. */
  async #fetchLetters(cells: readonly ActorCell[]): Promise<ReadonlyMap<string, StoredBody>> {
    const { store, claim } = this.#context;
    const ids = cells.filter(({ kindName }) => kindName === letterKind).map(({ id }) => id);
    if (ids.length === 0) return new Map();
    const letters = await store.listDead({ shard: claim.shard, ids });
    return new Map(letters.map((letter) => [letter.id, letter]));
  }

  #takeLetter(cell: ActorCell, stored: StoredBody | undefined): void {
    const head = stored && decodeHead(stored.head);
    const letter: LetterState = head && stored.body ? { head, body: stored.body } : "absent";
    cell.loaded = true;
    this.#context.residency.enter(cell);
    cell.state = letter;
  }

  #take(cell: ActorCell, stored: Uint8Array | "absent"): void {
    if (!cell.kind) return;
    const reading = readState(cell.kind, cell.id, stored);
    cell.loaded = true;
    this.#context.residency.enter(cell);
    cell.bytes = stored === "absent" ? 0 : stored.byteLength;
    if (reading.kind === "state") cell.state = reading.state;
    else {
      cell.unreadable = reading;
      this.#context.logger.error({ actor: cell.key, error: reading.error }, "unreadable state");
    }
  }
}
