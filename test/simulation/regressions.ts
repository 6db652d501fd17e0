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
  {
    name: "unanswered-join",
    seed: 36,
    features: ["actors"],
    faults: ["flush-store:store@8966", "lose-reply:n2.join#2"],
    showed:
      "a node whose second join took effect unanswered kept its old join number: nobody took what it sent, for ever (I6)",
    test: `${engine}/rejoin.test.ts`,
  },
  {
    name: "late-join",
    seed: 21,
    nodes: 3,
    features: ["actors"],
    faults: ["kill:n2@2000+300", "copy:n2.join#2+2500", "flush-store:store@4700"],
    showed:
      "a late copy of a join registered its node with data made anew, and the node did not notice (I6)",
    test: `${engine}/rejoin.test.ts`,
  },
  {
    name: "versions-come-again",
    seed: 29,
    nodes: 3,
    features: ["views"],
    faults: ["freeze:n2@5500+4000", "flush-store:store@5600"],
    showed:
      "after FLUSHALL rows came under versions that a node knew, and it kept those it had for good (I10)",
    test: `${engine}/list-rows.test.ts`,
  },
  {
    name: "batches-of-a-former-identity",
    seed: 68,
    nodes: 3,
    features: ["actors"],
    faults: ["freeze:n3@2600+1330", "restart-store:store@3818+1457", "roll-back:store@4226+1560"],
    showed:
      "a mailbox that went back took a batch of a fresh identity before the former one's were compared: nobody told what it lost (I2)",
    test: `${engine}/producer-identities.test.ts`,
  },
];
