/** From `kill -9` of an owner to the first answer of a new one. */

import { endOwners } from "../end-owners.ts";
import { inWords, quantile, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

export const failover: Row = {
  id: "failover",
  measure:
    "kill -9 of one of three nodes to the first answer by a new owner, asked from a survivor; p50",
  unit: "ms",
  target: { kind: "at-most", value: 200, unit: "ms" },
  targetText: "p50 ≤ 200 ms, p99 ≤ 600 ms",
  run: async (context) => {
    const ends = await endOwners(context, "SIGKILL", context.samples);
    const firsts = ends.map(({ moved }) => Math.min(...moved));
    const every = ends.flatMap(({ moved }) => moved);
    return {
      ours: sideOf(firsts),
      alsoMet: quantile(firsts, 0.99) <= 600,
      notes: [
        `first answer ${inWords(firsts, "ms")} over ${ends.length} kills`,
        `every actor of the dead node ${inWords(every, "ms")} (${every.length} actors)`,
      ],
    };
  },
};
