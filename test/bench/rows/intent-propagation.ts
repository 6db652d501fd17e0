/** How long a change of intent takes to be applied by all nodes, against one publish to as many clients. */
import { type Program, startProgram } from "../program.ts";
import { inWords, quantile, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const processes = 4;
const nodesEach = 4;
const app = "app-0";
const mostOverFloorMs = 10;

const last = (instants: readonly (readonly number[])[]): number => Math.max(...instants.flat());

export const intentPropagation: Row = {
  id: "intent-propagation",
  measure: `p99 from asking for a change of intent until the last of ${processes * nodesEach} nodes (in ${processes} processes) has applied it, over the p99 of one publish to as many clients`,
  unit: "ms",
  target: { kind: "at-most", value: mostOverFloorMs, unit: "ms" },
  run: async (context) => {
    const { runtime, redisPort, profileDir } = context;
    const cluster = context.fresh("intent");
    const samples = context.size(300, 10);
    const all = await Promise.all(
      Array.from({ length: processes }, (_, p) =>
        startProgram("many-nodes", {
          runtime,
          profileDir: p === 0 ? profileDir : undefined,
          config: {
            redisPort,
            cluster,
            nodeIds: Array.from({ length: nodesEach }, (__, n) => `node-${p}-${n}`),
          },
        }),
      ),
    );
    const [first] = all;
    if (first === undefined) throw new Error("A cluster needs a node that changes.");
    await Promise.all(all.map((program) => program.call("start")));
    await first.call("install", { count: 20 });
    await first.call("converged", { count: 20, live: processes * nodesEach });
    await Promise.all(all.map((program) => program.call("listen", { count: nodesEach })));

    const each = (verb: string, args: object = {}): Promise<readonly number[][]> =>
      Promise.all(all.map((program: Program) => program.call<number[]>(verb, args)));
    const change = async (n: number) => {
      const intent = { id: app, enabled: n % 2 === 1 };
      await each("awaitApp", intent);
      const asked = await first.call<{ from: number; to: number }>("change", intent);
      return {
        applied: last(await each("whenApplied")) - asked.from,
        answered: asked.to - asked.from,
      };
    };
    const publish = async (): Promise<number> => {
      await each("awaitHeard");
      const from = await first.call<number>("publish");
      return last(await each("whenHeard")) - from;
    };
    for (let n = 0; n < context.size(20, 2); n++) {
      await change(n);
      await publish();
    }
    const over: number[] = [];
    const applied: number[] = [];
    const answered: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      const now = { applied: [] as number[], floor: [] as number[] };
      for (let n = 0; n < samples / context.rounds; n++) {
        const changed = await change(n);
        now.applied.push(changed.applied);
        answered.push(changed.answered);
        now.floor.push(await publish());
      }
      over.push(quantile(now.applied, 0.99) - quantile(now.floor, 0.99));
      applied.push(...now.applied);
      floor.push(...now.floor);
      if ((samples / context.rounds) % 2 === 1) await change(1);
    }
    for (const program of all) await program.end();
    return {
      ours: sideOf(over),
      notes: [
        `applied by all: ${inWords(applied, "ms")} (answered: ${inWords(answered, "ms")}); one publish heard by all: ${inWords(floor, "ms")}`,
      ],
    };
  },
};
