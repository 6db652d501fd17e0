/** Waiting that ends at a deadline, for parts that stop. */
import type { Clock } from "../ports/clock.ts";

/** Resolves when the work has settled, or at the deadline by the monotonic clock. */
export const settledBy = (clock: Clock, deadline: number, work: Promise<unknown>): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), resolve);
    const end = () => {
      cancel();
      resolve();
    };
    void work.then(end, end);
  });

/** Calls `task` for each item, at most `limit` side by side; the answer tells who is not done yet. */
export const forEachBounded = <T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): { readonly done: Promise<unknown>; readonly pending: ReadonlySet<T> } => {
  const pending = new Set(items);
  const queue = items.values();
  const work = async () => {
    for (const item of queue) {
      await task(item);
      pending.delete(item);
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, work);
  return { done: Promise.all(workers), pending };
};
