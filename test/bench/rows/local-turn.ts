/** One actor's turn inside one process, in memory, against nact. */
import { demand } from "../muster-cluster.ts";
import { type Program, secondsOf, startProgram } from "../program.ts";
import { interleave, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const amount = { prefix: "m", actors: 1_000, inFlight: 500 };

const rate = async (program: Program, verb: "asks" | "tells", count: number): Promise<number> =>
  count / secondsOf([await program.call<{ from: number; to: number }>(verb, { ...amount, count })]);

/**
 * nact draws the ids of waiting queries at random from 32 bits and loses an answer when two collide,
 * about once in twenty rounds; such a round is run again.
 */
const again = (side: () => Promise<number>) => async (): Promise<number> => {
  try {
    return await side();
  } catch {
    return side();
  }
};

export const localTurn: Row = {
  id: "local-turn",
  measure: "asks per second to actors of the same process, memory backend, 500 in flight",
  peer: "nact: query, the same number in flight",
  unit: "1/s",
  target: { kind: "ratio-at-least", ratio: 2 },
  run: async (context) => {
    const { runtime, profileDir } = context;
    const count = context.size(200_000);
    const cluster = context.fresh("memory");
    const muster = await startProgram("muster", {
      runtime,
      profileDir,
      config: { cluster, nodeId: "local" },
    });
    const nact = await startProgram("nact", { runtime, config: {} });
    await rate(muster, "asks", count);
    await again(() => rate(nact, "asks", count))();
    demand("turns in the state", await muster.call<number>("total", amount), count);
    const [mine = [], theirs = [], tells = [], dispatches = []] = await interleave(context.rounds, [
      () => rate(muster, "asks", count),
      again(() => rate(nact, "asks", count)),
      () => rate(muster, "tells", count),
      again(() => rate(nact, "tells", count)),
    ]);
    await muster.end();
    await nact.end();
    const shown = (values: readonly number[]): string =>
      Math.round(sideOf(values).median).toLocaleString("en");
    return {
      ours: sideOf(mine),
      peer: sideOf(theirs),
      notes: [`without answer: tell ${shown(tells)}/s, nact dispatch ${shown(dispatches)}/s`],
    };
  },
};
