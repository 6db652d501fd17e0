import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a fact holds. @throws Error when it does not within ten seconds */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> => {
  for (const deadline = Date.now() + 10_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await sleep(10);
  }
};
