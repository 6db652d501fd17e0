/** Whole clusters under faults, from seeds: what one node never shows. */
import { expect, test } from "bun:test";
import { describeReport, shrink, simulate } from "@muster/core/testing";
import { customers } from "./customers.ts";
import { ForgetfulTill, Till } from "./till.ts";

const shop = { nodes: 3, faultsMs: 5_000, script: customers } as const;

test("the till holds what was paid, whatever goes wrong", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const report = await simulate({ ...shop, seed, actors: [Till] });
    expect(describeReport(report).slice(1)).toEqual([]);
  }
}, 60_000);

test("the forgetful till is found out, and the faults that did it are told", async () => {
  const forgetful = { ...shop, actors: [ForgetfulTill] };
  let seed = 1;
  let report = await simulate({ ...forgetful, seed });
  while (report.violations.length === 0 && seed < 20) {
    seed += 1;
    report = await simulate({ ...forgetful, seed });
  }
  expect(report.violations).toMatchObject([{ invariant: "script" }]);
  expect(report.violations[0]?.detail).toMatch(/^too much money in the (front|back) till$/);

  // Hundreds of things went wrong; a few of them are enough.
  const smaller = await shrink({ ...forgetful, seed }, report);
  expect(smaller.report.faults.length).toBeLessThanOrEqual(5);
  console.log(describeReport(smaller.report, { events: true }).join("\n"));

  // That very course can be run again, here or on another machine, and under a debugger.
  const again = await simulate({ ...forgetful, seed, faults: smaller.report.faults });
  expect(again).toEqual(smaller.report);

  // The same faults do the other till no harm.
  const repaired = await simulate({ ...shop, seed, actors: [Till], faults: smaller.report.faults });
  expect(repaired.violations).toEqual([]);
}, 60_000);
