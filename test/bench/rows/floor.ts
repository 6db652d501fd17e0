/** Durable asks against their own script calls, recorded once and sent again by plain clients. */
import { demand, startMusterCluster } from "../muster-cluster.ts";
import { secondsOf, startProgram } from "../program.ts";
import { interleave, median, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const inFlight = 500;
const actors = 1_000;

export const floor: Row = {
  id: "floor",
  measure: `durable asks per second, laid out as in durable-ask, ${inFlight} in flight`,
  peer: "the script calls of such a round, recorded by MONITOR and sent again by plain clients against the same state",
  unit: "1/s",
  target: { kind: "ratio-at-least", ratio: 0.3 },
  run: async (context) => {
    const count = context.size(40_000);
    const cluster = await startMusterCluster(context, { servers: 2, caller: true });
    const replay = await startProgram("replay", {
      runtime: context.runtime,
      config: {
        redisPort: context.redisPort,
        cluster: cluster.name,
        copy: cluster.name.replace("cluster", "replays"),
      },
    });
    const ask = (prefix: string) =>
      cluster.caller.call<{ from: number; to: number }>("asks", {
        prefix,
        actors,
        count,
        inFlight,
      });
    const ours = async (round: number): Promise<number> => {
      const interval = await ask(`f${round}`);
      const amount = { prefix: `f${round}`, actors };
      demand("asks in the state", await cluster.caller.call<number>("total", amount), count);
      return count / secondsOf([interval]);
    };
    await ours(-1);
    await replay.call("startRecording");
    const recorded = await ask("recorded");
    const found = await replay.call<{ calls: number; clients: number }>("stopRecording");
    const busy: number[] = [];
    const theirs = async (): Promise<number> => {
      const took = await replay.call<{ from: number; to: number; serverBusy: number }>("replay");
      busy.push(took.serverBusy);
      return count / secondsOf([took]);
    };
    await theirs();
    const [mine = [], others = []] = await interleave(context.rounds, [ours, theirs]);
    await cluster.end();
    await replay.end();
    const slowed = Math.round(count / secondsOf([recorded])).toLocaleString("en");
    return {
      ours: sideOf(mine),
      peer: sideOf(others),
      notes: [
        `${found.calls} calls from ${found.clients} clients for ${count} asks, recorded at ${slowed}/s`,
        `the server was busy for ${Math.round(100 * median(busy))} % of a replay`,
      ],
    };
  },
};
