/** Periodic work of a node, spread by jitter; one run of each at a time, failures wait for the next. */
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";

export class Sweeps {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #cancels = new Map<string, Cancel>();
  #stopped = false;

  constructor(clock: Clock, random: Random, logger: Logger) {
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
  }

  /** Repeats `work` about every `periodMs`, from the end of one run to the start of the next. */
  every(name: string, periodMs: number, work: () => unknown): void {
    const delay = periodMs * (0.9 + 0.2 * this.#random.draw());
    this.#set(name, delay, async () => {
      await this.#run(name, work);
      if (!this.#stopped) this.every(name, periodMs, work);
    });
  }

  /** Runs `work` once after `delayMs`; a later call replaces an earlier one of the same name. */
  soon(name: string, delayMs: number, work: () => unknown): void {
    this.#set(name, delayMs, () => this.#run(name, work));
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  #set(name: string, delayMs: number, task: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#cancels.get(name)?.();
    this.#cancels.set(
      name,
      this.#clock.after(delayMs, () => void task()),
    );
  }

  async #run(name: string, work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#logger.debug({ sweep: name, error: String(error) }, "a sweep was not answered");
    }
  }
}
