/** The policy of an effect is stored with it, and checked before anything runs. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect, type EffectSpec } from "../define-actor.ts";
import { createMuster } from "../muster.ts";
import { effectProblem, packPolicy, policyOf, unpackPolicy } from "./effect-policy.ts";
import { world } from "./engine-kit.test.ts";

const job = defineActor({
  kind: "job",
  state: z.strictObject({ log: z.array(z.string()) }),
  commands: {
    start: { input: z.strictObject({}) },
    ended: { input: z.looseObject({ error: z.string(), attempts: z.number() }) },
    log: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});
const jobWith = (run: () => Promise<null>, options: Partial<EffectSpec>): ActorKind =>
  job.implement({
    initial: () => ({ log: [] }),
    on: {
      start: (turn, state) => turn.next(state, { effects: [{ effect: "e", input: 1 }] }).reply(),
      ended: (turn, { log }, { error, attempts }) =>
        turn.next({ log: [...log, `${error} (${attempts})`] }).reply(),
      log: (turn, { log }) => turn.reply(log),
    },
    effects: {
      e: defineEffect({
        input: z.number(),
        output: z.null(),
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "ended",
        failed: "ended",
        ...options,
        run,
      }),
    },
  }) as unknown as ActorKind;

describe("an effect started by one version and taken over by another", () => {
  /** Starts it on n2, whose process is then killed, with n1 as the next owner. */
  const takenOver = async (before: Partial<EffectSpec>, after: Partial<EffectSpec>) => {
    const runs: string[] = [];
    const run = (node: string, end: () => Promise<null>) => async () => {
      runs.push(node);
      return end();
    };
    const all = world({ actors: [] });
    const fails = () => Promise.reject(new Error("no"));
    const n1 = await all.start("n1", { actors: [jobWith(run("n1", fails), after)] });
    const hangs = () => new Promise<null>(() => {});
    await all.start("n2", { actors: [jobWith(run("n2", hangs), before)] });
    const { ask } = n1.actor(job, await all.idOwnedBy("n2"));
    await all.finish(ask.start({}));
    await all.until(() => runs.length === 1);
    all.backend.kill("n2" as never);
    await all.clock.runFor(120_000);
    return { runs, log: await all.finish(ask.log({})) };
  };

  test("has as many attempts as it was started with", async () => {
    const { runs, log } = await takenOver(
      { retry: { maxAttempts: 3, baseMs: 10, strategy: "constant" } },
      { retry: { maxAttempts: 1 } },
    );
    expect(runs).toEqual(["n2", "n1", "n1", "n1"]);
    expect(log).toEqual(["Error: no (3)"]);
  });

  test("runs once if it was started to run once", async () => {
    const { runs, log } = await takenOver({ onCrash: "interrupt" }, { onCrash: "rerun" });
    expect(runs).toEqual(["n2"]);
    expect(log).toEqual([expect.stringContaining("interrupted")]);
  });

  test("runs again if it was started to run again", async () => {
    const { runs } = await takenOver(
      { onCrash: "rerun", retry: { maxAttempts: 2, baseMs: 1 } },
      { onCrash: "interrupt" },
    );
    expect(runs).toEqual(["n2", "n1", "n1"]);
  });
});

test("a policy is stored whole, and what is none is not believed", () => {
  const policy = policyOf({ onCrash: "interrupt", retry: { strategy: "linear" } } as EffectSpec);
  expect(unpackPolicy(packPolicy(policy))).toEqual(policy);
  const packed = packPolicy(policy);
  for (const wrong of [
    null,
    [],
    packed.slice(1),
    packed.with(1, 9),
    packed.with(2, "1"),
    packed.with(4, Number.NaN),
  ]) {
    expect(unpackPolicy(wrong)).toBeUndefined();
  }
});

test.each<[object, RegExp]>([
  [{ retry: { strategy: "quadratic" } }, /strategy/],
  [{ retry: { baseMs: -1 } }, /baseMs/],
  [{ retry: { maxMs: Number.NaN } }, /maxMs/],
  [{ retry: { maxAttempts: 1.5 } }, /maxAttempts/],
  [{ retry: { jitter: 2 } }, /jitter/],
  [{ timeoutMs: 0 }, /timeoutMs/],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, /timeoutMs/],
  [{ onCrash: "retry" }, /onCrash/],
])("an effect declared with %j is refused when a node is made", (wrong, told) => {
  expect(effectProblem(wrong as EffectSpec)).toMatch(told);
  const kind = jobWith(async () => null, wrong as Partial<EffectSpec>);
  expect(() => createMuster({ cluster: "shop", actors: [kind] })).toThrow(told);
});

test("an effect may be tried without end", () => {
  expect(effectProblem({ retry: { maxAttempts: 0 }, timeoutMs: 1 } as EffectSpec)).toBeUndefined();
});
