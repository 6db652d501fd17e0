import { expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../../define-actor.ts";
import type { ScriptFactory } from "./script.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

const counter = defineActor({
  kind: "counter",
  state: z.strictObject({ value: z.number().int() }),
  commands: {
    add: { input: z.strictObject({}), output: z.number().int() },
    value: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
const Counter = counter.implement({
  initial: () => ({ value: 0 }),
  on: {
    add: (turn, { value }) => turn.next({ value: value + 1 }).reply(value + 1),
    value: (turn, { value }) => turn.reply(value),
  },
});

/** Counts what was told, and compares; `repeats` is the mistake of sending again without a key. */
const counting =
  ({ repeats }: { readonly repeats: boolean }): ScriptFactory =>
  () => {
    let wanted = 0;
    let answered = 0;
    return {
      act: async ({ muster, outcome }) => {
        const { ask } = muster.actor(counter, "c");
        wanted += 1;
        let end = await outcome(ask.add({}, { timeoutMs: 2_000 }), 2_000);
        if (repeats && end.kind === "unknown") {
          end = await outcome(ask.add({}, { timeoutMs: 2_000 }), 2_000);
        }
        if (end.kind === "not-applied") wanted -= 1;
        if (end.kind === "answered") answered += 1;
      },
      check: async ({ muster }) => {
        const value = await muster.actor(counter, "c").ask.value({});
        expect(value).toBeGreaterThanOrEqual(answered);
        expect(value).toBeLessThanOrEqual(wanted);
      },
    };
  };

const options = { actors: [Counter], nodes: 3, faultsMs: 4_000 };

test("a script that keeps to what is promised finds nothing, and has done something", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const report = await simulate({ ...options, seed, script: counting({ repeats: false }) });
    expect(report.violations).toEqual([]);
    expect(report.counts.acts).toBeGreaterThan(20);
    expect(report.faults.some((fault) => /^(roll-back|wipe|flush|shift-store)/.test(fault))).toBe(
      false,
    );
  }
}, 60_000);

test("a mistake is found by a seed, told with its virtual time, and made smaller", async () => {
  const script = counting({ repeats: true });
  let seed = 0;
  let report = await simulate({ ...options, seed, script });
  while (report.violations.length === 0 && seed < 40) {
    seed += 1;
    report = await simulate({ ...options, seed, script });
  }
  expect(report.violations[0]).toMatchObject({
    invariant: "script",
    detail: expect.stringContaining("toBeLessThanOrEqual"),
  });
  const smaller = await shrink({ ...options, seed, script }, report);
  expect(smaller.report.violations.length).toBeGreaterThan(0);
  expect(smaller.report.faults.length).toBeLessThanOrEqual(5);
  const again = await simulate({ ...options, seed, script, faults: smaller.report.faults });
  expect(again.traceHash).toBe(smaller.report.traceHash);
}, 120_000);

test("what a script itself does wrong is told", async () => {
  const calm = { ...options, seed: 1, nodes: 1, faultsMs: 300, faults: "none" } as const;
  const rejecting = await simulate({
    ...calm,
    script: () => ({
      act: async () => {
        throw new Error("oh no");
      },
    }),
  });
  expect(rejecting.violations[0]?.detail).toContain("rejected: oh no");
  const hanging = await simulate({
    ...calm,
    script: () => ({ act: async () => {}, check: () => new Promise(() => {}) }),
  });
  expect(hanging.violations[0]?.detail).toContain("check() did not end");
  const noticing = await simulate({
    ...calm,
    script: ({ violate }) => ({ act: async () => violate("seen while it went on") }),
  });
  expect(noticing.violations).toMatchObject([
    { invariant: "script", detail: "seen while it went on" },
  ]);
});
