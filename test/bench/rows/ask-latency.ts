/** How long one durable question takes, against a Moleculer call that keeps nothing. */
import { startMoleculerCluster } from "../moleculer-cluster.ts";
import { startMusterCluster } from "../muster-cluster.ts";
import { interleave, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

interface Latency {
  readonly p50: number;
  readonly p99: number;
}
const actors = 200;

export const askLatency: Row = {
  id: "ask-latency",
  measure: "p50 of a durable ask between two processes, one at a time",
  peer: "Moleculer over Redis: p50 of a call between two processes, one at a time (nothing is stored)",
  unit: "ms",
  target: { kind: "ratio-at-most", ratio: 1.3 },
  run: async (context) => {
    const count = context.size(4_000, 50);
    const cluster = await startMusterCluster(context, { servers: 2, caller: true });
    const peer = await startMoleculerCluster(context, 2);
    const tails: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    const ours = async (round: number): Promise<number> => {
      const asked = { prefix: `l${round}`, actors, count, inFlight: 1 };
      const { p50, p99 } = await cluster.caller.call<Latency>("latency", asked);
      tails.ours.push(p99);
      return p50;
    };
    const theirs = async (): Promise<number> => {
      const { p50, p99 } = await peer.caller.call<Latency>("latency", { actors, count });
      tails.peer.push(p99);
      return p50;
    };
    await ours(-1);
    await theirs();
    const [mine = [], others = []] = await interleave(context.rounds, [ours, theirs]);
    await cluster.end();
    await peer.end();
    const tail = (values: readonly number[]): string => sideOf(values).median.toFixed(2);
    return {
      ours: sideOf(mine),
      peer: sideOf(others),
      notes: [`p99: ours ${tail(tails.ours)} ms, peer ${tail(tails.peer)} ms`],
    };
  },
};
