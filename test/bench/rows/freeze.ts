/** From the freeze of an owner to the first answer of a new one, and what the frozen one still wrote. */
import { freezeOwners } from "../freeze-owners.ts";
import { inWords, quantile, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

export const freeze: Row = {
  id: "freeze",
  measure:
    "SIGSTOP of one of three nodes to the first answer by a new owner, asked from another; p50",
  unit: "ms",
  target: { kind: "at-most", value: 3_000, unit: "ms" },
  targetText: "p99 ≤ 3,000 ms, zombie writes 0",
  run: async (context) => {
    const { ends, zombies, accepted } = await freezeOwners(context, context.samples);
    const firsts = ends.map(({ moved }) => Math.min(...moved));
    const every = ends.flatMap(({ moved }) => moved);
    return {
      ours: sideOf(firsts),
      alsoMet: quantile(every, 0.99) <= 3_000 && accepted === 0,
      notes: [
        `first answer ${inWords(firsts, "ms")} over ${ends.length} freezes`,
        `every actor of the frozen node ${inWords(every, "ms")} (${every.length} actors)`,
        `zombie writes: ${zombies} arrived, ${accepted} accepted`,
      ],
    };
  },
};
