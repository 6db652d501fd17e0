/**
 * Runs that have broken a promise once, with the faults that it took, and what they showed. The
 * test of the part concerned is named: a list of faults may mean something else by now.
 */
import type { FeatureName } from "@muster/core/testing";

export interface Regression {
  readonly name: string;
  readonly seed: number;
  readonly nodes?: number;
  readonly features: readonly FeatureName[];
  readonly faults: readonly string[];
  readonly showed: string;
  /** Where it is tested by itself. */
  readonly test: string;
}

const engine = "packages/core/src/engine";

export const regressions: readonly Regression[] = [
  {
    name: "suspended-machine",
    seed: 24,
    nodes: 3,
    features: ["actors"],
    faults: ["suspend:n2@3502+223", "suspend:n3@4503+2334", "suspend:n1@5164+3493"],
    showed:
      "a heartbeat answered while its machine was suspended renewed the lease: turns ran two seconds after it (I1)",
    test: `${engine}/suspended-machine.test.ts`,
  },
  {
    name: "early-timer",
    seed: 1,
    nodes: 3,
    features: ["timers"],
    faults: ["jump-monotonic:n2@7769+4923"],
    showed: "a timer found due by a clock that had jumped rang three seconds early (I12)",
    test: `${engine}/timers.test.ts`,
  },
  {
    name: "id-of-the-dead",
    seed: 68,
    nodes: 3,
    features: ["actors"],
    faults: ["kill:n2@2054+289", "stall-store:store@3280+940"],
    showed:
      "a stall drew out the lease of a dead process, and its successor was refused as NODE_ID_TAKEN (I6)",
    test: `${engine}/node-id-taken.test.ts`,
  },
  {
    name: "old-time",
    seed: 62,
    features: ["actors", "timers"],
    faults: [
      "shift-store:store@1601+14076",
      "shift-store:store@2982+15754",
      "shift-store:store@3144+13796",
      "shift-store:store@5050+15412",
      "shift-store:store@5212+17118",
      "shift-store:store@7738+7958",
      "shift-store:store@8235+19193",
    ],
    showed:
      "Redis time that had jumped was believed ten seconds later, and asks were refused as too late until then (I6)",
    test: `${engine}/store-time.test.ts`,
  },
];
