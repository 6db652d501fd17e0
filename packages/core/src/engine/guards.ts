/**
 * Guards that a simulation may take out of one node, to prove that its checks notice. They are named
 * by the node's clock, which only a simulation makes one of for each node: no option of a node
 * reaches them.
 */
import type { Clock } from "../ports/clock.ts";

export type Guard =
  /** Callers are answered when their commit was accepted, not before (I2). */
  | "answer-after-commit"
  /** A node that was not heard of within its lease stops acting (I1, I12). */
  | "self-fence"
  /** A hint that is not the next one makes a view list again (I10). */
  | "view-gap-check"
  /** A node that stops leaves intent alone (I11). */
  | "intent-outlives-stop";

const removed = new WeakMap<Clock, ReadonlySet<Guard>>();

/** Tells whether a guard is in place; ask once, when a part is made. */
export const isGuarded = (clock: Clock, guard: Guard): boolean => !removed.get(clock)?.has(guard);

/** Takes a guard out of the node that will be made with this clock. */
export const removeGuard = (clock: Clock, guard: Guard): void => {
  removed.set(clock, new Set([...(removed.get(clock) ?? []), guard]));
};
