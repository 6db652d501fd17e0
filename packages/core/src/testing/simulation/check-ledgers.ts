/** Compares what callers were told with what the ledgers hold in the end (I2, I3, I4). Pure. */
import type { Sent } from "./client.ts";
import type { Violations } from "./violations.ts";

export interface LedgerContent {
  readonly entries: readonly { readonly sender: string; readonly n: number }[];
}

const count = (content: LedgerContent | undefined, sender: string, n: number): number =>
  content?.entries.filter((entry) => entry.sender === sender && entry.n === n).length ?? 0;

export const checkLedgers = (
  sent: readonly Sent[],
  ledgers: ReadonlyMap<string, LedgerContent>,
  violations: Violations,
): void => {
  for (const command of sent) {
    const { sender, n, ledger, to, fate } = command;
    const times = count(ledgers.get(ledger), sender, n);
    const what = `${sender}/${n} on ${ledger}`;
    if (fate === "acknowledged" && times !== 1) {
      violations.add("I2", `${what} was acknowledged and is there ${times} times`);
    }
    if (fate === "not-applied" && times !== 0) {
      violations.add("I3", `${what} was said not to be applied and is there ${times} times`);
    }
    if (times > 1) violations.add("I3", `${what} is there ${times} times`);
    if (to === undefined) continue;
    const forwarded = count(ledgers.get(to), `${sender}>`, n);
    if (forwarded !== times) {
      violations.add(
        "I2",
        `${what} is there ${times} times, its message on ${to} ${forwarded} times`,
      );
    }
  }
  for (const [id, { entries }] of ledgers) {
    const last = new Map<string, number>();
    for (const { sender, n } of entries) {
      // Messages of different ledgers have no order among each other.
      if (sender.endsWith(">")) continue;
      const before = last.get(sender) ?? 0;
      if (n < before) violations.add("I4", `${id}: ${sender}/${n} stands behind ${before}`);
      last.set(sender, n);
    }
  }
};
