/** Durable questions and answers between processes, against Moleculer's calls that keep nothing. */
import { startMoleculerCluster } from "../moleculer-cluster.ts";
import { demand, startMusterCluster } from "../muster-cluster.ts";
import { secondsOf } from "../program.ts";
import { interleave, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const inFlight = 500;
const actors = 1_000;

export const durableAsk: Row = {
  id: "durable-ask",
  measure: `durable asks per second from one process that owns nothing to two that own the shards, ${inFlight} in flight`,
  peer: "Moleculer over Redis: one caller, two services, the same calls in flight (nothing is stored)",
  unit: "1/s",
  target: { kind: "ratio-at-least", ratio: 2 },
  run: async (context) => {
    const count = context.size(60_000);
    const cluster = await startMusterCluster(context, { servers: 2, caller: true });
    const peer = await startMoleculerCluster(context, 2);
    const ours = async (round: number, amount = count): Promise<number> => {
      const asked = { prefix: `k${round}`, actors, count: amount, inFlight };
      const interval = await cluster.caller.call<{ from: number; to: number }>("asks", asked);
      demand("asks in the state", await cluster.caller.call<number>("total", asked), amount);
      return amount / secondsOf([interval]);
    };
    const theirs = async (amount = count): Promise<number> => {
      const asked = { actors, count: amount, inFlight };
      return (
        amount / secondsOf([await peer.caller.call<{ from: number; to: number }>("asks", asked)])
      );
    };
    await ours(-1);
    await theirs();
    const [mine = [], others = []] = await interleave(context.rounds, [
      (round) => ours(round),
      () => theirs(),
    ]);
    await cluster.end();
    await peer.end();
    return { ours: sideOf(mine), peer: sideOf(others) };
  },
};
