/** What an idle actor costs the process that keeps it in memory. */
import { demand } from "../muster-cluster.ts";
import { startProgram } from "../program.ts";
import { sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

interface Memory {
  readonly rss: number;
  readonly heap: number;
}

export const actorBytes: Row = {
  id: "actor-bytes",
  measure: "bytes of the process per idle activated actor with a small state, on Redis",
  unit: "B",
  target: { kind: "at-most", value: 600, unit: "B" },
  run: async (context) => {
    const { runtime, redisPort } = context;
    const actors = context.size(200_000);
    const rounds: number[] = [];
    const heaps: number[] = [];
    for (let round = 0; round < (context.smoke ? 1 : context.rounds); round++) {
      const node = await startProgram("muster", {
        runtime,
        collectable: true,
        config: {
          redisPort,
          cluster: context.fresh("bytes"),
          nodeId: "keeper",
          settings: { residentActors: 10_000_000, passivateAfterMs: 3_600_000 },
        },
      });
      // What the first actors bring with them (code, buffers, pools) is not theirs.
      const warm = { prefix: "w", actors: actors / 4, count: actors / 4, inFlight: 500 };
      await node.call("asks", warm);
      const before = await node.call<Memory>("memory");
      const amount = { prefix: "m", actors, count: actors, inFlight: 500 };
      await node.call("asks", amount);
      const after = await node.call<Memory>("memory");
      demand("actors in the state", await node.call<number>("total", amount), actors);
      await node.end();
      rounds.push(Math.max(0, after.rss - before.rss) / actors);
      heaps.push(Math.max(0, after.heap - before.heap) / actors);
    }
    return {
      ours: sideOf(rounds),
      notes: [`of that on the JavaScript heap ${Math.round(sideOf(heaps).median)} B`],
    };
  },
};
