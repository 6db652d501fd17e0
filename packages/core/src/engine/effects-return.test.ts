/**
 * A node that was taken for gone, and comes back: it trusts itself once its claims were checked, so
 * that no effect runs beside its rerun elsewhere (I1).
 */
import { expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect } from "../define-actor.ts";
import type { NodeId } from "../model/ids.ts";
import { world } from "./engine-kit.test.ts";

const text = z.string();
const job = defineActor({
  kind: "job",
  state: z.strictObject({}),
  commands: {
    start: { input: z.strictObject({}) },
    done: { input: z.strictObject({ id: text, input: text, output: text }) },
    failed: { input: z.strictObject({ id: text, input: text, error: text, attempts: z.number() }) },
  },
});

/** Two nodes; the effect of an actor on n2, and when it ran where. */
const jobs = async (run: {
  readonly takesMs: number;
  readonly failsFirst: boolean;
  readonly retryMs: number;
}) => {
  const runs: { readonly node: string; readonly at: number; until: number }[] = [];
  const link = { delayMs: 1, slowClaimsOf: "" };
  const kindOn = (node: string) =>
    job.implement({
      initial: () => ({}),
      on: {
        start: (turn, state) =>
          turn.next(state, { effects: [{ effect: "work", id: "w", input: "" }] }).reply(),
        done: (turn) => turn.reply(),
        failed: (turn) => turn.reply(),
      },
      effects: {
        work: defineEffect({
          input: text,
          output: text,
          // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
          then: "done",
          failed: "failed",
          onCrash: "rerun",
          retry: { strategy: "constant", baseMs: run.retryMs, jitter: 0 },
          run: async (_, { signal }) => {
            const noted = { node, at: all.clock.monotonic(), until: Number.POSITIVE_INFINITY };
            runs.push(noted);
            const isFirst = runs.length === 1;
            await new Promise<void>((resolve) => {
              all.clock.after(isFirst && run.failsFirst ? 0 : run.takesMs, resolve);
              signal.addEventListener("abort", () => resolve());
            });
            noted.until = all.clock.monotonic();
            if (isFirst && run.failsFirst) throw new Error("not yet");
            return "";
          },
        }),
      },
    }) as unknown as ActorKind;
  const all = world({
    actors: [],
    fates: {
      call: ({ nodeId, op }) => ({
        thereMs: op === "claim" && nodeId === link.slowClaimsOf ? 2_500 : 1,
        backMs: op === "heartbeat" ? 1 : link.delayMs,
        timeoutMs: 5_000,
        requestLost: false,
        replyLost: false,
      }),
      hint: () => [1],
    },
  });
  const n1 = await all.start("n1", { actors: [kindOn("n1")] });
  await all.start("n2", { actors: [kindOn("n2")] });
  const id = await all.idOwnedBy("n2");
  await all.finish(n1.actor(job, id).ask.start({}));
  await all.until(() => runs.length === 1);
  const overlaps = () =>
    runs.filter(({ at }, n) => runs.some(({ until }, m) => m < n && until > at));
  return { ...all, id, runs, link, overlaps };
};

test("a node that comes back starts no effect that is running elsewhere", async () => {
  const { backend, clock, id, link, overlaps, ownerOf, runs, until } = await jobs({
    failsFirst: true,
    retryMs: 3_000,
    takesMs: 1_000,
  });
  await clock.runFor(500);
  backend.cut("n2" as NodeId);
  // Due on both nodes; the one that is cut off must not start it.
  await until(() => runs.length === 2);
  expect(runs[1]?.node).toBe("n1");
  expect(await ownerOf(id)).toBe("n1");
  await clock.runFor(200);
  link.delayMs = 200;
  backend.heal("n2" as NodeId);
  await clock.runFor(5_000);
  expect(overlaps()).toEqual([]);
});

test("a claim that arrives after its owner has come back takes nothing over", async () => {
  const { backend, clock, id, link, overlaps, ownerOf, runs } = await jobs({
    failsFirst: false,
    retryMs: 100,
    takesMs: 8_000,
  });
  link.slowClaimsOf = "n1";
  backend.cut("n2" as NodeId);
  await clock.runFor(2_000);
  backend.heal("n2" as NodeId);
  // The other node has found it gone, and claims what it owned by what it knew then.
  await clock.runFor(12_000);
  expect(overlaps()).toEqual([]);
  expect(runs.map(({ node }) => node)).toEqual(["n2", "n2"]);
  expect(await ownerOf(id)).toBe("n2");
});
