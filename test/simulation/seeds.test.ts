import { expect, test } from "bun:test";
import {
  featureNames,
  type InvariantId,
  type PlantedBug,
  plantedBugs,
  simulate,
} from "@muster/core/testing";

/** Real CI budget: two hundred seeds well within two minutes on two cores. */
const seeds = Array.from({ length: 200 }, (_, i) => i + 1);

test("two hundred seeds of all faults in whole clusters break no promise", async () => {
  const broken: string[] = [];
  const total: Record<string, number> = {};
  const struck = new Set<string>();
  for (const seed of seeds) {
    const { violations, counts, faults } = await simulate({ seed });
    for (const { invariant, detail } of violations) {
      broken.push(`${invariant} ${detail} (replay: bun run sim -- --from ${seed} --seeds 1)`);
    }
    for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
    for (const fault of faults) struck.add(fault.replace(/n\d(?=[.~@])|[#@+-]*\d+/g, ""));
  }
  expect(broken).toEqual([]);
  // The runs were no idle ones: work was done, shards changed hands, zombies were refused.
  expect(total.acknowledged).toBeGreaterThan(seeds.length * 200);
  expect(total.takeOvers).toBeGreaterThan(seeds.length * 20);
  expect(total.refused).toBeGreaterThan(seeds.length / 4);
  // Processes were ended before and after calls of every sort had taken effect.
  const calls = ["append", "claim", "commit", "fetch", "heartbeat", "load", "read", "writeStatus"];
  for (const call of calls) {
    for (const kind of ["crash-before", "crash-after", "lose-reply", "lose-request"]) {
      expect([...struck]).toContain(`${kind}:.${call}`);
    }
  }
}, 300_000);

test("the same seed takes the same course twice, and another one another", async () => {
  const first = await simulate({ seed: 11 });
  const second = await simulate({ seed: 11 });
  expect(second).toEqual(first);
  expect((await simulate({ seed: 12 })).traceHash).not.toBe(first.traceHash);
});

test("the faults that a run lists make the same course", async () => {
  for (const seed of [3, 5, 8]) {
    const first = await simulate({ seed });
    expect(first.faults.length).toBeGreaterThan(10);
    expect(await simulate({ seed, faults: first.faults })).toEqual(first);
  }
});

test.each(featureNames)("%s run alone", async (feature) => {
  const { violations } = await simulate({ seed: 21, features: [feature] });
  expect(violations).toEqual([]);
});

/** The promise that each bug put in on purpose breaks. */
const broken: Readonly<Record<PlantedBug, InvariantId>> = {
  "no-fence": "I1",
  "early-ack": "I2",
  "no-producer-dedup": "I3",
  "no-self-fence": "I1",
  "intent-on-stop": "I11",
  "no-view-gap-check": "I10",
};

test.each(plantedBugs)(
  "%s is caught within ten seeds",
  async (planted) => {
    const invariants = new Set<InvariantId>();
    for (let seed = 1; seed <= 10 && !invariants.has(broken[planted]); seed++) {
      const { violations } = await simulate({ seed, planted });
      for (const { invariant } of violations) invariants.add(invariant);
    }
    expect([...invariants]).toContain(broken[planted]);
  },
  60_000,
);
