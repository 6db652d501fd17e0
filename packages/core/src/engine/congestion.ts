/**
 * What a shard takes no more of from outside: actors with as many commands waiting as they may have,
 * kinds of which as many messages wait for another owner. Written with a commit, and told to who
 * appends to the mailbox, so that senders are refused before they send (I7).
 */
import type { CommitLine } from "./commit-line.ts";

/** Names told at once; of more than these the others are told later. */
const mostTold = 32;

export interface CongestionContext {
  readonly line: () => CommitLine;
  /** Something is to be written. */
  ready(): void;
}

export class Congestion {
  readonly #context: CongestionContext;
  readonly #names = new Set<string>();

  constructor(context: CongestionContext) {
    this.#context = context;
  }

  /** Names of actors and kinds; `undefined` while there are none. */
  get closed(): ReadonlySet<string> | undefined {
    return this.#names.size > 0 ? this.#names : undefined;
  }

  close(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#tell();
  }

  open(name: string): void {
    if (this.#names.delete(name)) this.#tell();
  }

  #tell(): void {
    const { line, ready } = this.#context;
    line().batch.closed = [...this.#names].slice(0, mostTold);
    ready();
  }
}
