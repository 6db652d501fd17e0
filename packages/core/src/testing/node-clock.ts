/**
 * The clock of one simulated process on a shared one. A frozen process runs nothing while time goes
 * on for all others; what fell due meanwhile runs, in order, when it thaws. A killed one never
 * runs anything again.
 */
import type { Cancel, Clock } from "../ports/clock.ts";

export class NodeClock implements Clock {
  readonly #base: Clock;
  #state: "running" | "frozen" | "killed" = "running";
  #held: (() => void)[] = [];
  #wallOffset = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  monotonic(): number {
    return this.#base.monotonic();
  }

  wall(): number {
    return this.#base.wall() + this.#wallOffset;
  }

  after(delayMs: number, task: () => void): Cancel {
    let cancelled = false;
    const cancel = this.#base.after(delayMs, () =>
      this.#enter(() => {
        if (!cancelled) task();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  defer(task: () => void): void {
    this.#base.defer(() => this.#enter(task));
  }

  /** Sets this process's wall clock forward, or back when negative. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    const held = this.#held;
    this.#held = [];
    for (const task of held) this.#base.defer(() => this.#enter(task));
  }

  kill(): void {
    this.#state = "killed";
    this.#held = [];
  }

  #enter(task: () => void): void {
    if (this.#state === "running") task();
    else if (this.#state === "frozen") this.#held.push(task);
  }
}
