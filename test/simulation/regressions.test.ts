import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeReport, simulate } from "@muster/core/testing";
import { regressions } from "./regressions.ts";

const root = join(import.meta.dir, "../..");

test.each(regressions.map((each) => [each.name, each] as const))(
  "%s",
  async (_, regression) => {
    const { seed, nodes, features, faults } = regression;
    const report = await simulate({
      seed,
      features,
      faults,
      ...(nodes !== undefined && { nodes }),
    });
    // What cannot happen any more has to be looked at: the list has outlived what it says.
    expect(report.faults).toEqual(faults);
    expect(describeReport(report).slice(1)).toEqual([]);
    expect(existsSync(join(root, regression.test))).toBe(true);
  },
  60_000,
);

test("each has a name of its own", () => {
  expect(new Set(regressions.map(({ name }) => name)).size).toBe(regressions.length);
});
