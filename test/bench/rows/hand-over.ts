/** From SIGTERM of an owner until all its actors are answered by others. */
import { endOwners } from "../end-owners.ts";
import { inWords, quantile, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

export const handOver: Row = {
  id: "hand-over",
  measure: "graceful stop of one of three nodes until all its actors answer elsewhere; p50",
  unit: "ms",
  target: { kind: "at-most", value: 250, unit: "ms" },
  targetText: "p99 ≤ 250 ms",
  run: async (context) => {
    const ends = await endOwners(context, "SIGTERM", context.samples);
    const all = ends.map(({ moved }) => Math.max(...moved));
    const slowest = ends.map((end) => end.slowest);
    return {
      ours: sideOf(all),
      alsoMet: quantile(all, 0.99) <= 250,
      notes: [
        `all moved ${inWords(all, "ms")} over ${ends.length} stops`,
        `slowest single ask of each ${inWords(slowest, "ms")}`,
      ],
    };
  },
};
