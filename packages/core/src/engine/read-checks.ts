/**
 * Reads that change nothing are answered after one check of ownership that began after they came,
 * so that an owner which was superseded unawares answers nobody.
 */
import type { Clock } from "../ports/clock.ts";
import type { Claim, Refusal, ShardStore } from "../ports/shard-store.ts";
import { backoff } from "./backoff.ts";

export interface PendingRead {
  answer(): void;
  reroute(): void;
}

export class ReadChecks {
  readonly #store: ShardStore;
  readonly #clock: Clock;
  readonly #claim: Claim;
  readonly #refused: (refusal: Refusal) => void;
  #pending: PendingRead[] = [];
  #checking = false;
  #stopped = false;

  constructor(store: ShardStore, clock: Clock, claim: Claim, refused: (refusal: Refusal) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#claim = claim;
    this.#refused = refused;
  }

  add(read: PendingRead): void {
    this.#pending.push(read);
    if (!this.#checking) void this.#run();
  }

  /** Hands back what was not answered. */
  stop(): void {
    this.#stopped = true;
    for (const read of this.#pending.splice(0)) read.reroute();
  }

  async #run(): Promise<void> {
    this.#checking = true;
    for (let attempt = 1; this.#pending.length > 0 && !this.#stopped; ) {
      const reads = this.#pending;
      this.#pending = [];
      try {
        const [answer] = await this.#store.check({ claims: [this.#claim] });
        if (answer?.kind === "unanswered") throw new Error("the shard's server did not answer");
        attempt = 1;
        if (answer?.kind === "stands" && !this.#stopped) {
          for (const read of reads) read.answer();
          continue;
        }
        for (const read of reads) read.reroute();
        if (answer && answer.kind !== "stands") this.#refused(answer);
        break;
      } catch {
        this.#pending = [...reads, ...this.#pending];
        if (this.#stopped) this.stop();
        else await backoff(this.#clock, attempt);
        attempt += 1;
      }
    }
    this.#checking = false;
  }
}
