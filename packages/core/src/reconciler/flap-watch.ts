/**
 * Remembers how often nodes were judged gone of late. Every node looks, so that whoever leads next knows
 * as well; one that has looked for less than the window cannot tell that a node was calm.
 */
import type { NodeRecord } from "../model/node-record.ts";

const windowMs = 600_000;
/** Alarming within the window. */
const manyFlaps = 3;

interface Seen {
  readonly incarnation: string;
  readonly flaps: number;
  readonly at: readonly number[];
}

export class FlapWatch {
  #nodes: ReadonlyMap<string, Seen> = new Map();
  #since: number | undefined;

  /** True once nodes that are not named have been calm for the whole window. */
  isSure(now: number): boolean {
    return this.#since !== undefined && now - this.#since >= windowMs;
  }

  /** Takes a look at Redis time `now`; answers the nodes that were gone again and again. */
  look(nodes: readonly NodeRecord[], now: number): readonly string[] {
    this.#since ??= now;
    this.#nodes = new Map(
      nodes.map(({ id, incarnation, flaps = 0 }) => {
        const before = this.#nodes.get(id);
        const known = before?.incarnation === incarnation ? before.flaps : flaps;
        const rises = Array.from({ length: Math.max(0, flaps - known) }, () => now);
        const at = [...(before?.at ?? []), ...rises].filter((each) => now - each < windowMs);
        return [id, { incarnation, flaps, at }];
      }),
    );
    return [...this.#nodes].filter(([, { at }]) => at.length >= manyFlaps).map(([id]) => id);
  }
}
