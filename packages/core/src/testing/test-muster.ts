/** One node in memory for tests, on a clock that the test moves. */
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import type { ClusterSettings, MusterOptions } from "../options.ts";
import { seededRandom } from "./seeded-random.ts";
import { StillClock } from "./still-clock.ts";

export interface TestMusterOptions
  extends Pick<
    MusterOptions,
    "actors" | "replicas" | "apps" | "backend" | "node" | "settings" | "logger"
  > {
  /** Where ids and jitter come from: the same seed, the same ids. @defaultValue 1 */
  readonly seed?: number;
  /** The instant at which time stands still, epoch milliseconds. @defaultValue noon UTC of 15 January 2027 */
  readonly at?: number;
}

export interface TestMuster {
  /** The node, started. */
  readonly muster: Muster;
  /** The present instant, epoch milliseconds. */
  readonly now: number;
  /**
   * Moves time on by `ms`: timers ring, retries are made and deadlines pass at their instants.
   * Await it before moving time again.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves time on until `fact` holds.
   * @throws Error (rejects) when it does not within `withinMs` of virtual time (60,000)
   */
  until(fact: () => boolean, withinMs?: number): Promise<void>;
  /** Stops the node. */
  stop(): Promise<void>;
}

/** An idle node of this has little to do, so that a day passes in a moment. */
const lazySettings: Partial<ClusterSettings> = {
  leaseMs: 90_000,
  heartbeatMs: 15_000,
  trustMarginMs: 1_000,
  mailSweepMs: 30_000,
  viewSweepMs: 30_000,
};

/**
 * Makes and starts one node in memory. Time stands still: what needs none settles by itself
 * (`await muster.actor(counter, "c").ask.add({ by: 2 })`), the rest when the test moves time.
 * Effects and hooks of apps run as they are: give them stand-ins that answer at once, since time
 * that a test moves does not wait for the network.
 * @throws MusterError `OPTIONS_INVALID` as {@link createMuster} does
 */
export const createTestMuster = async (options: TestMusterOptions = {}): Promise<TestMuster> => {
  const { seed = 1, at = Date.UTC(2027, 0, 15, 12), settings, ...given } = options;
  const clock = new StillClock({ wall: at });
  const muster = createMuster({
    cluster: "test",
    node: { id: "test-1" },
    // There is one node: nothing to compare it with, and days to pass.
    reconciler: false,
    ...given,
    clock,
    random: seededRandom(seed),
    settings: { ...lazySettings, ...settings },
  });
  /** Moves time on until the work has ended. */
  const finish = async (work: Promise<void>): Promise<void> => {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    await clock.until(() => isOver, 120_000);
    await work;
  };
  await finish(muster.start());
  return {
    muster,
    get now() {
      return clock.wall();
    },
    advance: (ms) => clock.advance(ms),
    until: (fact, withinMs = 60_000) => clock.until(fact, withinMs),
    stop: () => finish(muster.stop()),
  };
};
