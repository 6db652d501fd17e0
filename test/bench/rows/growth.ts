/** What a command costs when there are more processes and more actors, and a heartbeat when there are more nodes. */
import { demand, startMusterCluster } from "../muster-cluster.ts";
import { startProgram } from "../program.ts";
import { median, sideOf } from "../rounds.ts";
import type { BenchContext, Row } from "../row.ts";

const inFlight = 500;
const mostGrowth = 1.2;
const owners = [1, 2, 4] as const;
const nodes = [3, 10, 50] as const;

/** Microseconds of CPU of all our processes per command, in each round. */
const costs = async (
  context: BenchContext,
  servers: number,
  actors: number,
): Promise<readonly number[]> => {
  const count = context.size(30_000);
  const settings = { residentActors: 10_000_000, passivateAfterMs: 3_600_000 };
  const cluster = await startMusterCluster(context, { servers, caller: true, settings });
  const cpu = async (): Promise<number> => {
    const each = await Promise.all(cluster.all.map((node) => node.call<number>("cpuMicros")));
    return each.reduce((sum, micros) => sum + micros, 0);
  };
  const amount = { prefix: "g", actors, inFlight };
  // Every actor is in memory before the first round, and code is warm.
  const warm = Math.max(actors, count);
  await cluster.caller.call("asks", { ...amount, count: warm });
  const found: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    const before = await cpu();
    await cluster.caller.call("asks", { ...amount, count });
    found.push(((await cpu()) - before) / count);
  }
  const total = await cluster.caller.call<number>("total", amount);
  demand("asks in the state", total, warm + context.rounds * count);
  await cluster.end();
  return found;
};

export const growth: Row = {
  id: "growth",
  measure: `CPU (user and system, all our processes) per durable ask: the dearest of ${owners.join(", ")} owning processes and of 1,000 to 100,000 actors, to the cheapest of each`,
  unit: "×",
  target: { kind: "at-most", value: mostGrowth, unit: "×" },
  targetText: `≤ ${mostGrowth}× each; heartbeats per node constant`,
  run: async (context) => {
    // A smoke begins with few of each and ends there.
    const sizes = <T>(all: readonly T[]): readonly T[] => (context.smoke ? all.slice(0, 2) : all);
    const counts = sizes([1_000, 10_000, 100_000].map((n) => context.size(n)));
    const byOwners: (readonly number[])[] = [];
    for (const servers of sizes(owners))
      byOwners.push(await costs(context, servers, counts[0] ?? 1));
    const byActors: (readonly number[])[] = [byOwners[1] ?? []];
    for (const actors of counts.slice(1)) byActors.push(await costs(context, 2, actors));

    const simulated = await startProgram("simulated-nodes", {
      runtime: context.runtime,
      config: {},
    });
    const beats: number[] = [];
    for (const count of sizes(nodes)) {
      beats.push(await simulated.call<number>("heartbeats", { nodes: count, seconds: 20 }));
    }
    await simulated.end();

    /** The dearest size of a round to its cheapest. */
    const spans = (bySize: readonly (readonly number[])[]): readonly number[] =>
      Array.from({ length: context.rounds }, (_, round) => {
        const of = bySize.map((values) => values[round] ?? 0);
        return Math.max(...of) / Math.min(...of);
      });
    const [processes, actors] = [spans(byOwners), spans(byActors)];
    const told = (names: readonly number[], values: readonly (readonly number[])[]): string =>
      values.map((value, i) => `${names[i]}: ${median(value).toFixed(1)} µs`).join(", ");
    const beatGrowth = Math.max(...beats) / Math.min(...beats);
    const worst = processes.map((span, round) => Math.max(span, actors[round] ?? 0));
    return {
      ours: sideOf(worst),
      alsoMet: beatGrowth <= mostGrowth,
      notes: [
        `owning processes ${told(owners, byOwners)} (${median(processes).toFixed(2)}×)`,
        `actors ${told(counts, byActors)} (${median(actors).toFixed(2)}×)`,
        `heartbeats a second of a node, simulated: ${beats.map((rate, i) => `${nodes[i]} nodes ${rate.toFixed(2)}`).join(", ")} (${beatGrowth.toFixed(2)}×)`,
      ],
    };
  },
};
