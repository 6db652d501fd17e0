/** One node's replica over a store that can fail; every `apply` waits for the test to end it. */
import type { Applied, ApplyContext, ReplicaDefinition } from "../define-replica.ts";
import type { Incarnation, NodeId } from "../model/ids.ts";
import { ReplicaLoop } from "./replica-loop.ts";
import type { ReplicaLoopOptions } from "./replica-options.ts";
import { StatusBoard } from "./status-board.ts";
import { FakeCluster, memoryLogger, seededRandom, TestClock } from "./view-kit.test.ts";
import { ViewSweeper } from "./view-sweeper.ts";
import { ViewTable } from "./view-table.ts";

export interface Intent {
  readonly want: string;
}
export interface Have {
  readonly have: string;
}
type Definition = ReplicaDefinition<Intent, Have>;
interface ApplyCall extends ApplyContext<Have> {
  readonly want: string | undefined;
  end(outcome?: Partial<Applied<Have>> | Error): Promise<void>;
}

const shardCount = 4;
/** "a" to "c" lie in shards 1 to 3, so that a listing answers them in this order. */
export const shardOf = (id: string) => id.charCodeAt(0) % shardCount;
export const web1 = "web-1" as NodeId;

export const world = () => {
  const cluster = new FakeCluster();
  const clock = new TestClock();
  const logger = memoryLogger();
  const random = seededRandom(3);
  const calls: ApplyCall[] = [];
  let lives = 0;

  /** One process under the node id: its table, board and loop. */
  const node = (
    over: Partial<Definition> = {},
    options: Partial<ReplicaLoopOptions<Intent, Have>> = {},
  ) => {
    const incarnation = `life-${++lives}` as Incarnation;
    const now = () => 1_000_000 + clock.monotonic();
    const common = { store: cluster, bus: cluster, clock, random, logger, now };
    const table = new ViewTable<Intent>({
      ...common,
      kind: "app",
      shardCount,
      shardOf,
    });
    const sweeper = new ViewSweeper({ ...common, tables: [table], shardCount, sweepMs: 5_000 });
    const board = new StatusBoard({ ...common, nodeId: web1, incarnation, sweepMs: 5_000 });
    board.follow([{ id: web1, incarnation }]);
    const definition: Definition = {
      kind: "app",
      identity: ({ want }) => want,
      retry: { strategy: "exponential", baseMs: 1_000, maxMs: 60_000, maxAttempts: 0, jitter: 0 },
      apply: (intent, context) =>
        new Promise((resolve, reject) => {
          calls.push({
            ...context,
            want: intent?.want,
            end: async (outcome = {}) => {
              if (outcome instanceof Error) reject(outcome);
              else {
                const have = intent?.want ?? "nothing";
                resolve({ observed: { have }, converged: true, retry: "policy", ...outcome });
              }
              await clock.settle();
            },
          });
        }),
      ...over,
    };
    const loop = new ReplicaLoop<Intent, Have>({
      definition,
      view: table,
      board,
      clock,
      random,
      logger,
      now,
      ...options,
    });
    const start = async () => {
      await loop.start();
      await table.start();
      await board.start();
      await sweeper.start();
      await clock.settle();
    };
    const kill = async () => {
      await Promise.all([table.stop(), board.stop(), sweeper.stop()]);
    };
    return { board, incarnation, kill, loop, start, sweeper, table };
  };

  const want = (id: string, what: string | undefined, publish?: "deliver" | "lose") => {
    const row = what === undefined ? "removed" : { want: what };
    cluster.commit("app", shardOf(id), { [id]: row }, publish);
  };
  const call = (at: number): ApplyCall => {
    const found = calls.at(at);
    if (!found) throw new Error(`there is no call ${at}; there are ${calls.length}`);
    return found;
  };
  return { call, calls, clock, cluster, logger, node, random, want };
};
export const rowOf = (board: StatusBoard, id: string) => board.row(web1, `app/${id}`)?.row;
export const doing = (loop: ReplicaLoop<Intent, Have>) =>
  Object.fromEntries(loop.units().map((unit) => [unit.id, unit.doing]));
