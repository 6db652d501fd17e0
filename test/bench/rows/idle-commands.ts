/** What an idle node costs Redis: commands its client issues, counted by MONITOR. */
import { monitorCommands } from "../monitor-commands.ts";
import { startProgram } from "../program.ts";
import { sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

export const idleCommands: Row = {
  id: "idle-commands",
  measure: "commands per second that one idle node with its apps sends to Redis",
  peer: "an idle BullMQ worker",
  unit: "1/s",
  target: { kind: "at-most", value: 10, unit: "1/s" },
  run: async (context) => {
    const { runtime, redisPort, profileDir } = context;
    const periodMs = context.smoke ? 1_000 : 10_000;
    const apps = context.size(10_000);
    const rounds = context.smoke ? 1 : context.rounds;
    const count = async (): Promise<number> =>
      (await monitorCommands(redisPort, periodMs)) / (periodMs / 1_000);
    const rates = async (): Promise<readonly number[]> => {
      const values: number[] = [];
      for (let round = 0; round < rounds; round++) values.push(await count());
      return values;
    };
    const node = await startProgram("muster", {
      runtime,
      profileDir,
      config: { redisPort, cluster: context.fresh("idle"), nodeId: "idle-1" },
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const empty = await count();
    await node.call("install", { count: apps });
    await node.call("converged", { count: apps });
    const mine = await rates();
    await node.end();

    const worker = await startProgram("bullmq", { runtime, config: { redisPort } });
    await worker.call("work", { name: context.fresh("queue"), concurrency: 10 });
    const bull = await rates();
    await worker.end();
    const broker = await startProgram("moleculer", {
      runtime,
      config: {
        redisPort,
        namespace: context.fresh("bench"),
        nodeId: context.fresh("idle"),
        role: "service",
      },
    });
    const moleculer = await rates();
    await broker.end();
    return {
      ours: sideOf(mine),
      peer: sideOf(bull),
      notes: [
        `without apps ${empty.toFixed(1)}/s, with ${apps} apps ${sideOf(mine).median.toFixed(1)}/s`,
        `an idle Moleculer node ${sideOf(moleculer).median.toFixed(1)}/s`,
      ],
    };
  },
};
