/**
 * Writes the commands of a node's batch one behind another into memory that is used again, so that
 * a batch costs one allocation. Each pair of kind and command is named once, in the head.
 */
import { encodeBriefly } from "../codec.ts";
import type { Message } from "../model/message.ts";
import { formatVersion, joinBatch, type Origin, packMessage } from "./wire.ts";

let scratch = new Uint8Array(65_536);

export class BatchWriter {
  readonly #routes: string[] = [];
  #bytes = 0;
  #count = 0;

  /** Bytes of the messages written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a message; one that cannot be encoded throws and leaves the batch as it was. */
  add(message: Message): void {
    const known = this.#routes.length;
    let encoded: Uint8Array;
    try {
      encoded = encodeBriefly(packMessage(message, this.#route(message)));
    } catch (thrown) {
      this.#routes.length = known;
      throw thrown;
    }
    const end = this.#bytes + encoded.byteLength;
    if (end > scratch.byteLength) {
      const larger = new Uint8Array(Math.max(end, 2 * scratch.byteLength));
      larger.set(scratch.subarray(0, this.#bytes));
      scratch = larger;
    }
    scratch.set(encoded, this.#bytes);
    this.#bytes = end;
    this.#count += 1;
  }

  /** Ends the batch. Nothing else may be written between the first message and here. */
  finish(sender: string, { node, incarnation }: Origin): Uint8Array {
    const head = [formatVersion, sender, node, incarnation, this.#routes];
    return joinBatch(head, [scratch.subarray(0, this.#bytes)], this.#count);
  }

  #route({ kind, command }: Message): number {
    const routes = this.#routes;
    for (let at = 0; at < routes.length; at += 2) {
      if (routes[at + 1] === command && routes[at] === kind) return at / 2;
    }
    routes.push(kind, command);
    return routes.length / 2 - 1;
  }
}
