/** What customers do all day: a script for simulations of tills. */
import type { ScriptFactory } from "@muster/core/testing";
import { till } from "./till.ts";

const tills = ["front", "back"];
const attempts = 5;

/** Every customer pays one order after another, and pays again while in doubt. */
export const customers: ScriptFactory = () => {
  /** What each till must hold at least, and at most: an order counts once, however often it was paid. */
  const least = new Map<string, number>();
  const most = new Map<string, number>();
  const count = (totals: Map<string, number>, id: string, cents: number) =>
    totals.set(id, (totals.get(id) ?? 0) + cents);

  return {
    act: async ({ muster, name, n, outcome, random }) => {
      const id = random.pick(tills);
      const { ask } = muster.actor(till, id);
      const cents = random.between(1, 500);
      const order = `${name}-${n}`;
      // Noted before it is sent: a customer whose process is killed does not come back.
      count(most, id, cents);
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const end = await outcome(ask.pay({ order, cents }, { timeoutMs: 2_000 }), 2_000);
        if (end.kind === "unknown") continue;
        if (end.kind === "answered" && !end.value.ok) {
          // Whoever comes first finds the till closed, and opens it.
          await outcome(ask.open({}));
          continue;
        }
        if (end.kind === "answered") count(least, id, cents);
        else if (attempt === 1) count(most, id, -cents);
        return;
      }
    },
    check: async ({ muster }) => {
      for (const id of tills) {
        const total = await muster.actor(till, id).ask.total({});
        if (total < (least.get(id) ?? 0)) throw new Error(`money is missing from the ${id} till`);
        if (total > (most.get(id) ?? 0)) throw new Error(`too much money in the ${id} till`);
      }
    },
  };
};
