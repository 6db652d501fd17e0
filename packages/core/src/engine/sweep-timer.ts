/**
 * Runs one piece of periodic work: never overlapping itself, jittered so that nodes do not act in
 * step, sooner again after a failure so that a healed backend is noticed.
 */
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";

export interface SweepTimerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly everyMs: number;
  /** Does the work; never rejects. `failed` asks for an earlier repeat. */
  run(): Promise<"done" | "failed">;
}

const firstRetryMs = 250;

export class SweepTimer {
  readonly #options: SweepTimerOptions;
  #state: "idle" | "running" | "stopped" = "idle";
  #cancel: Cancel | undefined;
  #busy = false;
  #again = false;
  #failures = 0;

  constructor(options: SweepTimerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state !== "idle") return;
    this.#state = "running";
    this.#arm();
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Runs the work as soon as possible; a run under way is followed by another. */
  now(): void {
    if (this.#state !== "running") return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#cancel?.();
    this.#cancel = undefined;
    void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    const outcome = await this.#options.run();
    this.#busy = false;
    this.#failures = outcome === "failed" ? this.#failures + 1 : 0;
    if (this.#state !== "running") return;
    if (this.#again && outcome === "done") {
      this.#again = false;
      void this.#work();
      return;
    }
    this.#again = false;
    this.#arm();
  }

  #arm(): void {
    const { clock, random, everyMs } = this.#options;
    const soon =
      this.#failures === 0 ? everyMs : Math.min(everyMs, firstRetryMs * 2 ** (this.#failures - 1));
    this.#cancel = clock.after(Math.round(soon * (1 - 0.1 * random.draw())), () => {
      this.#cancel = undefined;
      void this.#work();
    });
  }
}
