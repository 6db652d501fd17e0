/**
 * Lets work under suspicion start only behind a committed mark, and everything else of its shard
 * after it. Work of which nothing is known starts with up to 127 others, so that a full mailbox is
 * through in a moment; work that was among those when its process ended starts alone. On a node only
 * one shard at a time has marked work, so that nothing is blamed for what another shard ran (I8).
 */
import type { EntryId, Epoch } from "../model/ids.ts";
import type { UncleanTakeover } from "../ports/shard-store.ts";
import type { ActorCell, TurnRequest } from "./actor-cell.ts";
import type { ActorCells } from "./actor-cells.ts";
import type { CommitLine } from "./commit-line.ts";
import { isAfter } from "./inbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import { judgeMessage, judgeTimer, type Suspicion, startsOf } from "./suspicion.ts";
import { marked, type TryBook, workOf } from "./tries.ts";

export interface ProbationContext {
  readonly owner: OwnerContext;
  readonly epoch: Epoch;
  readonly unclean: readonly UncleanTakeover[];
  readonly line: CommitLine;
  readonly cells: ActorCells;
  readonly book: TryBook;
  isOpen(): boolean;
  /** Something is to be written. */
  ready(): void;
}

const mostTogether = 128;

/** A request at the head of its actor's queue, which stands still until it is marked. */
interface Held {
  readonly cell: ActorCell;
  readonly request: TurnRequest;
}

export class Probation {
  readonly #context: ProbationContext;
  #isActive: boolean;
  /** The mailbox holds nothing more that could be under suspicion. */
  #allRead = false;
  /** Came meanwhile, under no suspicion. */
  #waiting: TurnRequest[] = [];
  /** Under suspicion and not started. */
  readonly #suspects = new Set<TurnRequest>();
  #held: Held[] = [];
  /** Marked and not started. */
  #marked = new Set<TurnRequest>();
  /** `undefined` while the turn of this shard has not come. */
  #giveBack: (() => void) | undefined;
  #isTaking = false;

  constructor(context: ProbationContext) {
    this.#context = context;
    this.#isActive = context.unclean.length > 1;
  }

  get isActive(): boolean {
    return this.#isActive;
  }
  /** Requests that wait until it is over. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Keeps a request that must wait; one under suspicion goes on, to be stopped at its turn. */
  keeps(request: TurnRequest): boolean {
    if (!this.#isActive) return false;
    const suspicion = this.#judge(request);
    if (suspicion === "none") {
      this.#waiting.push(request);
      return true;
    }
    request.probe = suspicion;
    this.#suspects.add(request);
    return false;
  }

  /** Tells whether a request under suspicion may run now; if not, its actor waits for the mark. */
  mayRun(cell: ActorCell, request: TurnRequest): boolean {
    if (this.#marked.has(request)) return true;
    this.#context.cells.hold(cell, request);
    this.#held.push({ cell, request });
    void this.#take();
    return false;
  }

  /** A request under suspicion has run: it was survived. */
  ran(cell: ActorCell, request: TurnRequest): void {
    request.probe = undefined;
    this.#suspects.delete(request);
    this.#marked.delete(request);
    if (cell.blocked) {
      // It is tried again later, and nothing but its actor waits for that: those behind it are
      // marked anew when their turn comes.
      for (const other of cell.queue) {
        this.#marked.delete(other);
        this.#suspects.delete(other);
      }
    }
    if (this.#marked.size > 0) return;
    if (this.#held.length > 0) this.#mark();
    else this.#endTurn();
    this.#checkOver();
  }

  /** The mailbox has been read up to an entry: behind those that could be under suspicion, or not. */
  reached(entry: EntryId): void {
    const [first] = this.#context.unclean;
    if (this.#isActive && !this.#allRead && first && isAfter(entry, first.entry)) this.allRead();
  }

  /** Everything that stood in the mailbox at the take-over has come in. */
  allRead(): void {
    this.#allRead = true;
    this.#checkOver();
  }

  /** Ends it; answers what waits. */
  stop(): readonly TurnRequest[] {
    this.#isActive = false;
    this.#giveBack?.();
    this.#giveBack = undefined;
    return this.#waiting.splice(0);
  }

  #judge(request: TurnRequest): Exclude<Suspicion, "crash-loop"> {
    const { owner, unclean } = this.#context;
    const { entry, timer, tries, message } = request;
    // What is not run here ends no process.
    if (!owner.kinds.get(message.kind)) return "none";
    const judged = entry
      ? judgeMessage(entry.track.id, tries, unclean)
      : timer
        ? judgeTimer(timer.dueAt, tries, unclean)
        : "none";
    return judged === "crash-loop" ? "alone" : judged;
  }

  async #take(): Promise<void> {
    if (this.#giveBack || this.#isTaking) return;
    this.#isTaking = true;
    const giveBack = await this.#context.owner.startSlot.take();
    this.#isTaking = false;
    this.#giveBack = giveBack;
    if (!this.#context.isOpen() || this.#held.length === 0) this.#endTurn();
    else this.#mark();
  }

  /** Marks what starts next with the batch being filled; it starts once that is committed. */
  #mark(): void {
    const { line, cells, book, epoch, unclean, owner, ready } = this.#context;
    const heads = this.#nextHeld();
    const { batch } = line;
    for (const request of this.#marked) {
      const work = workOf(request);
      if (work === undefined) continue;
      const starts = startsOf(request.tries, unclean);
      request.tries = marked(request.tries, starts, epoch, owner.now());
      book.put(batch, work, request.tries);
    }
    batch.settlements.push({
      applied: () => {
        for (const { cell } of heads) cells.release(cell);
      },
      notApplied: () => {},
      unknown: () => {},
    });
    ready();
  }

  /** Takes the heads that start next, with those behind them in their queues. */
  #nextHeld(): readonly Held[] {
    const first = this.#held[0];
    if (first?.request.probe === "alone") {
      this.#held.shift();
      this.#marked.add(first.request);
      return [first];
    }
    const heads: Held[] = [];
    const others: Held[] = [];
    for (const held of this.#held) {
      if (held.request.probe === "alone" || this.#marked.size >= mostTogether) others.push(held);
      else {
        heads.push(held);
        for (const request of held.cell.queue) {
          if (request.probe !== "together" || this.#marked.size >= mostTogether) break;
          this.#marked.add(request);
        }
      }
    }
    this.#held = others;
    return heads;
  }

  /** Lets another shard have its turn, once what this one ran is written. */
  #endTurn(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    if (!giveBack) return;
    const { batch, flying } = this.#context.line;
    const last = batch.isEmpty ? flying : batch;
    const settled = { applied: giveBack, notApplied: giveBack, unknown: giveBack };
    if (last) last.settlements.push(settled);
    else giveBack();
  }

  #checkOver(): void {
    if (!this.#isActive || !this.#allRead || this.#suspects.size > 0) return;
    this.#isActive = false;
    for (const request of this.#waiting.splice(0)) this.#context.cells.enqueue(request);
  }
}
