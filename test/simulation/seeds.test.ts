import { expect, test } from "bun:test";
import { simulate } from "@muster/core/testing";

/** Real CI budget: two hundred seeds well within two minutes on two cores. */
const seeds = Array.from({ length: 200 }, (_, i) => i + 1);

test("two hundred seeds of message loss, lost replies, late copies, crashes, freezes and cuts break no promise", async () => {
  const broken: string[] = [];
  const total = { acknowledged: 0, refused: 0, takeOvers: 0 };
  for (const seed of seeds) {
    const { violations, counts } = await simulate({ seed });
    for (const { invariant, detail } of violations) {
      broken.push(`${invariant} ${detail} (replay: bun run sim -- --from ${seed} --seeds 1)`);
    }
    total.acknowledged += counts.acknowledged;
    total.refused += counts.refused;
    total.takeOvers += counts.takeOvers;
  }
  expect(broken).toEqual([]);
  // The runs were no idle ones: work was done, shards changed hands, zombies were refused.
  expect(total.acknowledged).toBeGreaterThan(seeds.length * 300);
  expect(total.takeOvers).toBeGreaterThan(seeds.length * 20);
  expect(total.refused).toBeGreaterThan(seeds.length / 4);
}, 300_000);

test("the same seed takes the same course twice", async () => {
  const first = await simulate({ seed: 11 });
  const second = await simulate({ seed: 11 });
  expect(second).toEqual(first);
  expect((await simulate({ seed: 12 })).traceHash).not.toBe(first.traceHash);
});

test("a store without the fence is caught", async () => {
  const invariants = new Set<string>();
  for (let seed = 1; seed <= 10; seed++) {
    const { violations } = await simulate({ seed, planted: "no-fence" });
    for (const { invariant } of violations) invariants.add(invariant);
  }
  expect([...invariants]).toContain("I1");
}, 60_000);
