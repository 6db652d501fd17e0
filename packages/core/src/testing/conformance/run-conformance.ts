import { busCases } from "./bus-cases.ts";
import type { ConformanceCase, ConformanceContext, Need } from "./context.ts";
import { eventCases } from "./event-cases.ts";
import { guardCases } from "./guard-cases.ts";
import { lossCases } from "./loss-cases.ts";
import { membershipCases } from "./membership-cases.ts";
import { shardStoreCases } from "./shard-store-cases.ts";
import { viewCases } from "./view-cases.ts";

/** The two functions that bun:test, node:test and vitest have in common. */
export interface TestRunner {
  describe(title: string, body: () => void): void;
  test(title: string, body: () => Promise<void>): void;
}

export interface ConformanceOptions {
  /** Name of the backend in the titles. */
  readonly title: string;
  /** What this store cannot do; cases that need it are left out. */
  readonly without?: readonly Need[];
}

const ports: readonly {
  readonly port: string;
  readonly cases: readonly ConformanceCase[];
}[] = [
  { port: "membership store", cases: membershipCases },
  { port: "shard store", cases: shardStoreCases },
  { port: "view store", cases: viewCases },
  { port: "loss store", cases: lossCases },
  { port: "event store", cases: eventCases },
  { port: "bus", cases: busCases },
  { port: "guard", cases: guardCases },
];

/**
 * Registers every case of every port with a test runner. Each case gets a context of its own.
 * @example runConformance({ describe, test }, makeContext, { title: "memory" })
 */
export const runConformance = (
  runner: TestRunner,
  makeContext: () => Promise<ConformanceContext>,
  options: ConformanceOptions,
): void => {
  for (const { port, cases } of ports) {
    runner.describe(`${options.title}: ${port}`, () => {
      for (const { title, needs, run } of cases) {
        if (needs && options.without?.includes(needs)) continue;
        runner.test(title, async () => {
          const context = await makeContext();
          try {
            await run(context);
          } finally {
            await context.close();
          }
        });
      }
    });
  }
};
