/**
 * Answers and hints of one store in a form that two stores can share: ids of the store's own making
 * become the order in which they were met, and what has no order is sorted.
 */

const unordered = new Set(
  "timers effects deferrals out rows outNumbers partial tries batches nodes".split(" "),
);
const ownIds = new Set(
  "historyId presentHistoryId outId datasetId born life token former present".split(" "),
);
const entryId = /^\d{9,}-\d+$/;

export class Plain {
  readonly #names = new Map<string, string>();
  /** Whose mailbox entries are spoken of: each shard numbers its own. */
  shard = 0;

  of(value: unknown, field = "", parent = ""): unknown {
    if (value instanceof Uint8Array) {
      return value.byteLength > 100 ? `${value.byteLength} bytes` : new TextDecoder().decode(value);
    }
    if (value instanceof Map) return this.of([...value], field, parent);
    if (Array.isArray(value)) {
      const parts = value.map((part) => this.of(part, field, parent));
      return unordered.has(field) ? parts.sort(byText) : parts;
    }
    if (typeof value === "object" && value !== null) {
      if ("topic" in value && "shard" in value) this.shard = Number(value.shard);
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, part]) => part !== undefined)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, part]) => [key, this.of(part, key, field)]),
      );
    }
    return typeof value === "string" ? this.#text(value, field, parent) : value;
  }

  /** Hints have no order among each other. */
  hints(messages: readonly unknown[]): readonly unknown[] {
    return messages.map((message) => this.of(message)).sort(byText);
  }

  #text(value: string, field: string, parent: string): string {
    if (value === "none" || value === "") return value;
    // Events are numbered by the time given to both; mailboxes number their entries themselves.
    const isEvent = parent === "events" || field === "first" || field === "last";
    if (!ownIds.has(field) && (isEvent || !entryId.test(value))) return value;
    const full = entryId.test(value) ? `${this.shard} ${value}` : value;
    const known = this.#names.get(full) ?? `id ${this.#names.size}`;
    this.#names.set(full, known);
    return known;
  }
}

const byText = (left: unknown, right: unknown): number => {
  const [a, b] = [JSON.stringify(left), JSON.stringify(right)];
  return a < b ? -1 : a > b ? 1 : 0;
};
