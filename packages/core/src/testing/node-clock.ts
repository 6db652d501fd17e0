/**
 * The clock of one simulated process on a shared one. A frozen process runs nothing while time goes
 * on for all others; what fell due meanwhile runs, in order, when it thaws. A suspended one is
 * frozen and its monotonic clock stands still. A killed one never runs anything again.
 */
import type { Cancel, Clock } from "../ports/clock.ts";

interface Alarm {
  /** By this process's monotonic clock. */
  readonly due: number;
  readonly task: () => void;
  cancel: Cancel;
}

/** What waits for a frozen process to go on. */
interface Held {
  /** When it fell due, by this process's monotonic clock. */
  readonly due: number;
  readonly task: () => void;
}

/** Times are sums of fractions: closer than this they are the same instant, in milliseconds. */
const sameInstantMs = 1e-3;

export class NodeClock implements Clock {
  readonly #base: Clock;
  #state: "running" | "frozen" | "killed" = "running";
  #held: Held[] = [];
  #wallOffset = 0;
  #monotonicOffset = 0;
  #suspendedAt: number | undefined;
  readonly #alarms = new Set<Alarm>();

  constructor(base: Clock) {
    this.#base = base;
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  monotonic(): number {
    return (this.#suspendedAt ?? this.#base.monotonic()) + this.#monotonicOffset;
  }

  wall(): number {
    return this.#base.wall() + this.#wallOffset;
  }

  after(delayMs: number, task: () => void): Cancel {
    const alarm: Alarm = { due: this.monotonic() + Math.max(0, delayMs), task, cancel: () => {} };
    this.#alarms.add(alarm);
    this.#arm(alarm);
    return () => {
      this.#alarms.delete(alarm);
      alarm.cancel();
    };
  }

  defer(task: () => void): void {
    this.#base.defer(() => this.#enter(this.monotonic(), task));
  }

  /** Sets this process's wall clock forward, or back when negative. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Sets this process's monotonic clock forward: what falls due by that runs now. */
  jumpMonotonic(ms: number): void {
    this.#monotonicOffset += Math.max(0, ms);
    const alarms = [...this.#alarms].sort((left, right) => left.due - right.due);
    for (const alarm of alarms) {
      alarm.cancel();
      this.#arm(alarm);
    }
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  suspend(): void {
    if (this.#state !== "running") return;
    this.#state = "frozen";
    this.#suspendedAt = this.#base.monotonic();
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    if (this.#suspendedAt !== undefined) {
      this.#monotonicOffset -= this.#base.monotonic() - this.#suspendedAt;
      this.#suspendedAt = undefined;
    }
    // A clock that stood still has drawn out what was to ring first.
    const held = this.#held.toSorted((left, right) => left.due - right.due);
    this.#held = [];
    for (const { due, task } of held) this.#base.defer(() => this.#enter(due, task));
  }

  kill(): void {
    this.#state = "killed";
    this.#held = [];
    for (const alarm of this.#alarms) alarm.cancel();
    this.#alarms.clear();
  }

  #arm(alarm: Alarm): void {
    const wait = Math.max(0, alarm.due - this.monotonic());
    alarm.cancel = this.#base.after(wait, () => this.#enter(alarm.due, () => this.#ring(alarm)));
  }

  #ring(alarm: Alarm): void {
    if (!this.#alarms.has(alarm)) return;
    if (alarm.due > this.monotonic() + sameInstantMs) {
      // The clock stood still for a while.
      this.#arm(alarm);
      return;
    }
    this.#alarms.delete(alarm);
    alarm.task();
  }

  #enter(due: number, task: () => void): void {
    if (this.#state === "running") task();
    else if (this.#state === "frozen") this.#held.push({ due, task });
  }
}
