import { describe, expect, test } from "bun:test";
import { CliError, interrupted } from "../cli-error.ts";
import { play, type StepResult } from "./play.ts";
import type { Step } from "./scenario.ts";
import type { World } from "./world.ts";

const world = {} as World;
const step = (more: Partial<Step>): Step => ({
  title: "t",
  withinMs: 5_000,
  check: async () => undefined,
  ...more,
});
const playAll = (steps: readonly Step[], interrupt = new AbortController().signal) =>
  play(steps, world, { interrupt, onStart: () => {}, onEnd: () => {} });
const outcome = ({ seen, missing }: StepResult) => ({ seen, missing });

describe("a step", () => {
  test("acts once and looks until nothing is missing", async () => {
    let acts = 0;
    let looks = 0;
    const results = await playAll([
      step({
        act: async () => {
          acts += 1;
        },
        check: async () => (++looks < 3 ? "not yet" : undefined),
      }),
    ]);
    expect(results.map(outcome)).toEqual([{ seen: true, missing: undefined }]);
    expect({ acts, looks }).toEqual({ acts: 1, looks: 3 });
  });

  test("is not seen when something is missing to the end, and says what", async () => {
    const results = await playAll([
      step({ withinMs: 150, check: async () => "web-3 is up" }),
      step({ title: "next" }),
    ]);
    expect(results.map(outcome)).toEqual([
      { seen: false, missing: "web-3 is up" },
      { seen: true, missing: undefined },
    ]);
    expect(results[0]?.tookMs).toBeGreaterThanOrEqual(150);
  });

  test("takes a node that does not answer for a fact that is missing", async () => {
    let looks = 0;
    const check = async () => {
      looks += 1;
      if (looks === 1) throw new CliError("UNREACHABLE", "cannot reach web-2");
      return undefined;
    };
    expect((await playAll([step({ check })])).map(outcome)).toEqual([
      { seen: true, missing: undefined },
    ]);
    const never = step({
      withinMs: 1,
      check: () => Promise.reject(new CliError("UNREACHABLE", "cannot reach web-2")),
    });
    expect((await playAll([never])).map(outcome)).toEqual([
      { seen: false, missing: "UNREACHABLE: cannot reach web-2" },
    ]);
  });

  test("whose act fails is not seen, and its check is never made", async () => {
    let looks = 0;
    const results = await playAll([
      step({
        act: () => Promise.reject(new CliError("APP_NOT_FOUND", "no such app")),
        check: async () => {
          looks += 1;
          return undefined;
        },
      }),
    ]);
    expect(results.map(outcome)).toEqual([{ seen: false, missing: "APP_NOT_FOUND: no such app" }]);
    expect(looks).toBe(0);
  });
});

test("an interruption ends the play at once", async () => {
  const interrupt = new AbortController();
  const check = async () => {
    interrupt.abort(interrupted());
    return "not yet";
  };
  await expect(playAll([step({ check }), step({})], interrupt.signal)).rejects.toThrow(
    "interrupted",
  );
});
