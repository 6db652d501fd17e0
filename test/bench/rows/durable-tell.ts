/** Durable commands without answer, against BullMQ's jobs. */
import { demand, startMusterCluster } from "../muster-cluster.ts";
import { type Program, secondsOf, startProgram } from "../program.ts";
import { interleave, sideOf } from "../rounds.ts";
import type { BenchContext, Row } from "../row.ts";

const processes = 3;
/** Commands and jobs under way at once, over all processes. */
const concurrency = 510;
const actors = 300;

/** Under Bun the same work costs three times the CPU in a first round and half more in a second. */
const warmUps = 3;

const runJobs = async (context: BenchContext, peers: readonly Program[], count: number) => {
  const name = context.fresh("queue");
  const share = count / processes;
  await Promise.all(peers.map((peer) => peer.call("fill", { name, count: share })));
  const starts = await Promise.all(
    peers.map((peer) => peer.call<number>("work", { name, concurrency: concurrency / processes })),
  );
  for (;;) {
    const states = await Promise.all(
      peers.map((peer) => peer.call<{ done: number; lastAt: number }>("progress")),
    );
    const done = states.reduce((sum, state) => sum + state.done, 0);
    if (done >= count) {
      demand("jobs processed", done, count);
      await Promise.all(peers.map((peer) => peer.call("rest", { name })));
      return (
        count /
        secondsOf([{ from: Math.min(...starts), to: Math.max(...states.map((s) => s.lastAt)) }])
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const durableTell: Row = {
  id: "durable-tell",
  measure: `durable commands processed per second: 3 processes that send, own and process, ${concurrency} in flight; sending counts`,
  peer: "BullMQ: 3 worker processes of the same concurrency, empty processor, jobs added in bulk before the clock starts",
  unit: "1/s",
  target: { kind: "ratio-at-least", ratio: 5 },
  run: async (context) => {
    const count = context.size(60_000, 600);
    const cluster = await startMusterCluster(context, { servers: processes, caller: false });
    const { runtime, redisPort } = context;
    const peers = await Promise.all(
      Array.from({ length: processes }, () =>
        startProgram("bullmq", { runtime, config: { redisPort } }),
      ),
    );
    const ours = async (round: number): Promise<number> => {
      const share = { actors, count: count / processes, inFlight: concurrency / processes };
      const intervals = await Promise.all(
        cluster.all.map((node, i) =>
          node.call<{ from: number; to: number }>("tells", { ...share, prefix: `t${round}.${i}` }),
        ),
      );
      const totals = await Promise.all(
        cluster.all.map((node, i) =>
          node.call<number>("total", { ...share, prefix: `t${round}.${i}` }),
        ),
      );
      demand(
        "commands in the state",
        totals.reduce((sum, total) => sum + total, 0),
        count,
      );
      return count / secondsOf(intervals);
    };
    for (let warmUp = 1; warmUp <= (context.smoke ? 1 : warmUps); warmUp++) {
      await ours(-warmUp);
      await runJobs(context, peers, count);
    }
    const [mine = [], theirs = []] = await interleave(context.rounds, [
      (round) => ours(round),
      () => runJobs(context, peers, count),
    ]);
    await cluster.end();
    await Promise.all(peers.map((peer) => peer.end()));
    return { ours: sideOf(mine), peer: sideOf(theirs) };
  },
};
