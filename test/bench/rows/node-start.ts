/** How long a node takes to start where there are many apps already. */
import { startProgram } from "../program.ts";
import { median, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

interface Start {
  readonly startMs: number;
  readonly intentMs: number;
  readonly convergedMs: number;
}
const nodeCount = 3;

export const nodeStart: Row = {
  id: "node-start",
  measure: `one of ${nodeCount} nodes starts again among 10,000 apps: until the intent of all of them is known, the start of its process left out`,
  unit: "ms",
  target: { kind: "at-most", value: 1_000, unit: "ms" },
  run: async (context) => {
    const { runtime, redisPort, profileDir } = context;
    const apps = context.size(10_000);
    const cluster = context.fresh("start");
    const node = (nodeId: string) =>
      startProgram("many-nodes", {
        runtime,
        profileDir: nodeId === "node-2" ? profileDir : undefined,
        config: { redisPort, cluster, nodeIds: [nodeId] },
      });
    const others = await Promise.all(["node-0", "node-1"].map(node));
    const [first] = others;
    if (first === undefined) throw new Error("A cluster needs a node that installs.");
    await first.call("start");
    await first.call("install", { count: apps });
    await Promise.all(others.slice(1).map((other) => other.call("start")));
    await first.call("converged", { count: apps, live: others.length });
    const starts: Start[] = [];
    for (let round = 0; round <= context.rounds; round++) {
      const started = await node("node-2");
      const took = await started.call<Start>("startTimed", { apps });
      // The first one has nothing of its own to read: it is the warm-up of the others.
      if (round > 0) starts.push(took);
      await first.call("converged", { count: apps, live: nodeCount });
      await started.call("stop");
      await started.end();
    }
    for (const other of others) await other.end();
    const of = (name: keyof Start): string =>
      `${Math.round(median(starts.map((start) => start[name])))} ms`;
    return {
      ours: sideOf(starts.map(({ startMs, intentMs }) => Math.max(startMs, intentMs))),
      notes: [
        `${apps} apps; started after ${of("startMs")}, intent known after ${of("intentMs")}, all nodes agree on all apps after ${of("convergedMs")}`,
      ],
    };
  },
};
