/** First-in first-out queue of requests whose actors are ready; constant time at both ends. */
import type { TurnRequest } from "./actor-cell.ts";

export class RequestQueue {
  #items: (TurnRequest | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(request: TurnRequest): void {
    this.#items.push(request);
  }

  shift(): TurnRequest | undefined {
    const request = this.#items[this.#head];
    if (request === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return request;
  }

  takeAll(): TurnRequest[] {
    const all = this.#items.slice(this.#head).filter((request) => request !== undefined);
    this.#items = [];
    this.#head = 0;
    return all;
  }
}
