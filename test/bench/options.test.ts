import { expect, test } from "bun:test";
import { parseOptions } from "./options.ts";
import { hottest } from "./profile.ts";
import { table } from "./table.ts";

const ids = ["a", "b"];

test("without options every row runs, under bun, in three rounds", () => {
  expect(parseOptions([], ids)).toMatchObject({
    only: ids,
    runtimes: ["bun"],
    rounds: 3,
    samples: 100,
    smoke: false,
  });
});

test("an unknown row, runtime, option or too few rounds are refused by name", () => {
  expect(() => parseOptions(["--only", "a,c"], ids)).toThrow("No row c; there are a, b.");
  expect(() => parseOptions(["--runtime", "deno"], ids)).toThrow("not deno");
  expect(() => parseOptions(["--rounds", "2"], ids)).toThrow("at least 3");
  expect(() => parseOptions(["--samples", "0"], ids)).toThrow("at least 1");
  expect(() => parseOptions(["--fast"], ids)).toThrow("--fast");
});

test("the table shows each figure with its spread and says which targets were missed", () => {
  const text = table([
    {
      id: "a",
      runtime: "bun",
      ours: 12_000,
      peer: 3_000,
      unit: "1/s",
      ratio: 4,
      target: "≥ 5×",
      met: false,
      oursSpread: [11_000, 13_000],
      peerSpread: [2_900, 3_100],
      notes: ["a note"],
    },
  ]);
  expect(text).toContain("12,000 [11,000 … 13,000]");
  expect(text).toContain("4.00×");
  expect(text).toContain("NO");
  expect(text).toContain("a note");
});

test("a profile is summed up by own time without idle time", () => {
  const frame = (functionName: string) => ({
    functionName,
    url: "file:///x/packages/core/a.ts",
    lineNumber: 6,
  });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("(idle)") },
      { id: 2, callFrame: frame("encode") },
      { id: 3, callFrame: frame("commit") },
    ],
    samples: [1, 2, 3, 2],
    timeDeltas: [5_000, 100, 100, 200],
  };
  expect(hottest(profile)).toEqual([
    { where: "encode core/a.ts:7", share: 0.75 },
    { where: "commit core/a.ts:7", share: 0.25 },
  ]);
});
