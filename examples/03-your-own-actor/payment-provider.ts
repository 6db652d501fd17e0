/** Stands for a payment provider: busy at the first call, and it knows a request by its key. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Charge } from "./order.ts";

export const paymentProvider = (log: (line: string) => void): Charge => {
  const receipts = new Map<string, string>();
  return async ({ customer, cents }, { idempotencyKey, attempt }) => {
    await sleep(20);
    if (attempt === 1) {
      log(`attempt 1 to charge ${customer}: the provider is busy`);
      throw new Error("503 busy");
    }
    const receipt = receipts.get(idempotencyKey) ?? `r-${receipts.size + 1}`;
    receipts.set(idempotencyKey, receipt);
    log(`attempt ${attempt} to charge ${customer} ${cents} cents: receipt ${receipt}`);
    return { receipt };
  };
};
