/** Replies kept for idempotency keys, as far as this owner has seen them. */
import type { RedisMs } from "../model/ids.ts";
import { decodeKeptReply, encodeKeptReply, type KeptReply } from "./wire.ts";

const maxRemembered = 10_000;

export class ReplyMemory {
  readonly #known = new Map<string, KeptReply | "absent">();
  /** False while the store may hold replies that this owner never saw. */
  #complete: boolean;
  #stored: number;
  #dropped = 0;

  constructor(storedCount: number) {
    this.#stored = storedCount;
    this.#complete = storedCount === 0;
  }

  get size(): number {
    return this.#stored;
  }

  /** Replies that the last count found to have expired. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes what the store counted, once it had dropped what has expired. */
  counted(stored: number): void {
    this.#dropped = this.#stored - stored;
    this.#stored = stored;
  }

  mustFetch(key: string): boolean {
    return !this.#complete && !this.#known.has(key);
  }

  fetched(key: string, stored: Uint8Array | "absent"): void {
    const kept = stored === "absent" ? undefined : decodeKeptReply(stored);
    this.#remember(key, kept ?? "absent");
  }

  get(key: string, now: RedisMs): KeptReply | undefined {
    const kept = this.#known.get(key);
    return kept && kept !== "absent" && kept.expiresAt > now ? kept : undefined;
  }

  /** Keeps a reply; answers the record to be stored with the same commit. */
  keep(key: string, reply: KeptReply): Uint8Array {
    this.#remember(key, reply);
    this.#stored += 1;
    return encodeKeptReply(reply);
  }

  #remember(key: string, reply: KeptReply | "absent"): void {
    this.#known.delete(key);
    this.#known.set(key, reply);
    if (this.#known.size <= maxRemembered) return;
    const oldest = this.#known.keys().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#complete = false;
  }
}
