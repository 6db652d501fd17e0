/** How the number of shards tells on throughput: the ground for the default. */
import { startMusterCluster } from "../muster-cluster.ts";
import { secondsOf } from "../program.ts";
import { interleave, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const counts = [16, 8, 32, 64, 128] as const;
const amount = { actors: 1_000, inFlight: 500 };

export const shards: Row = {
  id: "shards",
  measure: "durable asks per second with 16 shards, the default, laid out as in durable-ask",
  peer: "the best of 8, 32, 64 and 128 shards",
  unit: "1/s",
  target: { kind: "none" },
  run: async (context) => {
    const count = context.size(40_000);
    const clusters = await Promise.all(
      counts.map((shardCount) =>
        startMusterCluster(context, { servers: 2, caller: true, shardCount }),
      ),
    );
    const side =
      (index: number) =>
      async (round: number): Promise<number> => {
        const asked = { ...amount, prefix: `s${round}`, count };
        const caller = clusters[index]?.caller;
        if (caller === undefined) return 0;
        return count / secondsOf([await caller.call<{ from: number; to: number }>("asks", asked)]);
      };
    const sides = counts.map((_, index) => side(index));
    for (const warm of sides) await warm(-1);
    const values = (await interleave(context.rounds, sides)).map(sideOf);
    for (const cluster of clusters) await cluster.end();
    const [ours, ...others] = values;
    const best = others.toSorted((a, b) => b.median - a.median)[0];
    if (ours === undefined || best === undefined) throw new Error("No side was measured.");
    const notes = counts.map(
      (shardCount, i) => `${shardCount} shards: ${Math.round(values[i]?.median ?? 0)}/s`,
    );
    return { ours, peer: best, notes };
  },
};
