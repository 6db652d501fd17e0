/**
 * What every ledger holds by its accepted commits, compared with what callers were told, entry by
 * entry as it comes (I2, I3, I4).
 */
import type { Violations } from "../violations.ts";

/** What a caller knows of one command it sent. */
export interface Sent {
  readonly sender: string;
  readonly n: number;
  readonly ledger: string;
  /** Ledger that must get the same by a message, where one was named. */
  readonly to?: string;
  readonly keyed: boolean;
  /** `told`: an acknowledged message, which is durable and runs later. */
  fate: "open" | "acknowledged" | "told" | "not-applied" | "unknown";
  /** Data was lost when or after it was sent: whether it is there nobody can say. */
  isExcused: boolean;
}

export const entryOf = ({ sender, n }: Pick<Sent, "sender" | "n">): string => `${sender}/${n}`;

interface Kept {
  entries: readonly string[];
  readonly there: Set<string>;
  readonly lastOf: Map<string, number>;
}

const emptyKept = (): Kept => ({ entries: [], there: new Set(), lastOf: new Map() });

export class Entries {
  readonly #violations: Violations;
  readonly #kept = new Map<string, Kept>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  has(ledger: string, entry: string): boolean {
    return this.#kept.get(ledger)?.there.has(entry) ?? false;
  }

  count(ledger: string): number {
    return this.#kept.get(ledger)?.entries.length ?? 0;
  }

  /** Takes a ledger as an accepted commit has written it; answers what is new. */
  take(ledger: string, entries: readonly string[]): readonly string[] {
    const kept = this.#kept.get(ledger) ?? emptyKept();
    this.#kept.set(ledger, kept);
    const before = kept.entries;
    const lost = before.find((entry, index) => entries[index] !== entry);
    if (lost !== undefined) {
      this.#violations.add("I2", `${ledger}: ${lost} was there and is not, or not in its place`);
      this.restart(ledger, entries);
      return [];
    }
    const added = entries.slice(before.length);
    for (const entry of added) this.#add(ledger, kept, entry);
    kept.entries = entries;
    return added;
  }

  /** Takes a ledger as it is after a loss of data: nothing is compared with what was before. */
  restart(ledger: string, entries: readonly string[]): void {
    const kept = emptyKept();
    this.#kept.set(ledger, kept);
    for (const entry of entries) this.#add(ledger, kept, entry);
    kept.entries = entries;
  }

  #add(ledger: string, kept: Kept, entry: string): void {
    if (kept.there.has(entry)) this.#violations.add("I3", `${ledger}: ${entry} is there twice`);
    kept.there.add(entry);
    const slash = entry.lastIndexOf("/");
    const sender = entry.slice(0, slash);
    const n = Number(entry.slice(slash + 1));
    const last = kept.lastOf.get(sender) ?? 0;
    if (n < last) this.#violations.add("I4", `${ledger}: ${entry} stands behind ${sender}/${last}`);
    kept.lastOf.set(sender, Math.max(n, last));
  }
}
