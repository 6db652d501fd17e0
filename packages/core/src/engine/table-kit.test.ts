/** One view table over a store that can fail. */
import { eventually, FakeCluster, memoryLogger, seededRandom, TestClock } from "./view-kit.test.ts";
import { ViewSweeper } from "./view-sweeper.ts";
import { ViewTable, type ViewTableOptions } from "./view-table.ts";

export interface Row {
  readonly v: number;
}
export const shardCount = 8;

export const world = (over: Partial<ViewTableOptions<Row>> = {}) => {
  const clock = new TestClock();
  const cluster = new FakeCluster();
  const logger = memoryLogger();
  const random = seededRandom(1);
  const common = { store: cluster, clock, random, logger, shardCount };
  const table = new ViewTable<Row>({
    kind: "app",
    ...common,
    bus: cluster,
    now: () => 1_000_000 + clock.monotonic(),
    ...over,
  });
  const sweeper = new ViewSweeper({ tables: [table], ...common, sweepMs: 5_000 });
  const ready = async () => {
    await table.start();
    await eventually(clock, () => table.ready);
    cluster.calls.length = 0;
  };
  return { clock, cluster, logger, random, table, sweeper, common, ready };
};
export const rowsOf = (table: ViewTable<Row>) => Object.fromEntries(table.entries());
