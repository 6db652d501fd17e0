/** Dead letters of one shard in memory, in order of their positions. */
import type { DeadLetterWrites, StoredLetter } from "../ports/shard-store.ts";

interface Letter extends StoredLetter {
  readonly body: Uint8Array;
}

/** Resolved letters that one write drops at most. */
const mostDropped = 64;

const withoutBody = ({ id, position, open, head }: Letter): StoredLetter => ({
  id,
  position,
  open,
  head,
});

export class DeadLetters {
  /** By id; never reordered, so that the order of the map is that of the positions. */
  readonly #letters: Map<string, Letter>;

  constructor(letters: ReadonlyMap<string, Letter> = new Map()) {
    this.#letters = new Map(letters);
  }

  clone(): DeadLetters {
    return new DeadLetters(this.#letters);
  }

  get total(): number {
    return this.#letters.size;
  }
  get open(): number {
    return [...this.#letters.values()].filter((letter) => letter.open).length;
  }

  write({ put, resolve, keep }: DeadLetterWrites): void {
    let newest = [...this.#letters.values()].at(-1)?.position ?? 0;
    for (const { id, at, head, body } of put) {
      if (this.#letters.has(id)) continue;
      newest = Math.max(newest + 1, Math.floor(at) * 1_000);
      this.#letters.set(id, { id, position: newest, open: true, head, body });
    }
    for (const { id, head } of resolve) {
      const known = this.#letters.get(id);
      if (known) this.#letters.set(id, { ...known, open: false, head });
    }
    let over = Math.min(mostDropped, this.#letters.size - keep);
    for (const { id, open } of [...this.#letters.values()]) {
      if (over <= 0) break;
      if (open) continue;
      this.#letters.delete(id);
      over -= 1;
    }
  }

  page(range: {
    readonly limit: number;
    readonly after?: number;
    readonly openOnly?: boolean;
  }): readonly StoredLetter[] {
    const { limit, after = 0, openOnly = false } = range;
    return [...this.#letters.values()]
      .filter(({ position, open }) => position > after && (open || !openOnly))
      .slice(0, limit)
      .map(withoutBody);
  }

  read(ids: readonly string[]): readonly Letter[] {
    return ids.flatMap((id) => this.#letters.get(id) ?? []);
  }
}
