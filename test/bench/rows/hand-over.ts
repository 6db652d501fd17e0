/** From SIGTERM of an owner until all its actors are answered by others. */
import { endOwners } from "../end-owners.ts";
import { quantile, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

export const handOver: Row = {
  id: "hand-over",
  measure: "graceful stop of one of three nodes until all its actors answer elsewhere; p50",
  unit: "ms",
  target: { kind: "at-most", value: 250, unit: "ms" },
  targetText: "p99 ≤ 250 ms",
  run: async (context) => {
    const ends = await endOwners(context, "SIGTERM", context.smoke ? 1 : 20);
    const all = ends.map(({ moved }) => Math.max(...moved));
    const slowest = ends.map((end) => end.slowest);
    const ms = (values: readonly number[], p: number): string => quantile(values, p).toFixed(0);
    return {
      ours: sideOf(all),
      alsoMet: quantile(all, 0.99) <= 250,
      notes: [
        `all moved p50 ${ms(all, 0.5)} ms, p99 ${ms(all, 0.99)} ms over ${ends.length} stops`,
        `slowest single ask meanwhile p50 ${ms(slowest, 0.5)} ms, p99 ${ms(slowest, 0.99)} ms`,
      ],
    };
  },
};
