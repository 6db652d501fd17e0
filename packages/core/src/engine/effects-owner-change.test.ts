/**
 * Effects and a change of owner: `rerun` starts at least once, `interrupt` at most once, both have
 * one recorded outcome, and nothing reruns before the former owner's lease has ended.
 */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect } from "../define-actor.ts";
import { ended, world } from "./engine-kit.test.ts";

const text = z.string();
const job = defineActor({
  kind: "job",
  state: z.strictObject({ log: z.array(z.string()) }),
  commands: {
    start: { input: z.strictObject({}) },
    stumble: { input: z.strictObject({}) },
    done: { input: z.strictObject({ id: text, input: text, output: text }) },
    failed: {
      input: z.strictObject({ id: text, input: text, error: text, attempts: z.number() }),
    },
    log: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});

/** Two nodes; the effect runs for a second, and each run notes where it was, under which key. */
const jobs = async (onCrash: "rerun" | "interrupt") => {
  const runs: { node: string; key: string; epoch: number; at: number; aborted(): boolean }[] = [];
  const kindOn = (node: string) =>
    job.implement({
      initial: () => ({ log: [] }),
      on: {
        start: (turn, state) =>
          turn.next(state, { effects: [{ effect: "work", id: "w", input: "it" }] }).reply(),
        stumble: (turn) => {
          if (node === "n2") throw new Error("not here");
          return turn.reply();
        },
        done: (turn, state, { output }) => turn.next({ log: [...state.log, output] }).reply(),
        failed: (turn, state, { error }) => turn.next({ log: [...state.log, error] }).reply(),
        log: (turn, state) => turn.reply(state.log),
      },
      effects: {
        work: defineEffect({
          input: text,
          output: text,
          // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
          then: "done",
          failed: "failed",
          onCrash,
          run: async (_, { idempotencyKey, fence, signal }) => {
            runs.push({
              node,
              key: idempotencyKey,
              epoch: fence.epoch,
              at: all.server.now(),
              aborted: () => signal.aborted,
            });
            await new Promise<void>((resolve) => all.clock.after(1_000, resolve));
            return `done on ${node}`;
          },
        }),
      },
    }) as unknown as ActorKind;
  const all = world({ actors: [] });
  const start = (id: string) => all.start(id, { actors: [kindOn(id)] });
  const n1 = await start("n1");
  const n2 = await start("n2");
  const id = await all.idOwnedBy("n2");
  const log = () => all.finish(n1.actor(job, id).ask.log({}));
  const begin = async () => {
    await all.finish(n1.actor(job, id).ask.start({}));
    await all.until(() => runs.length === 1);
  };
  return { ...all, n1, n2, id, runs, log, begin };
};

describe("an effect that reruns", () => {
  test("runs again on the next owner after a crash, under the same key and a higher fence", async () => {
    const { backend, begin, clock, log, n1, runs } = await jobs("rerun");
    await begin();
    const lease = n1.nodes.get("n2");
    backend.kill("n2" as never);
    await clock.runFor(10_000);
    expect(runs.map(({ node }) => node)).toEqual(["n2", "n1"]);
    const [first, second] = runs;
    expect(second?.key).toBe(first?.key ?? "");
    expect(second?.epoch).toBeGreaterThan(first?.epoch ?? 0);
    // Lease of 1.5 s from the last heartbeat of the killed node.
    const leaseEnd = Date.parse(lease.lastHeartbeatAt) + 1_500;
    expect(second?.at).toBeGreaterThanOrEqual(leaseEnd);
    expect(await log()).toEqual(["done on n1"]);
  });

  test("runs again after a hand-over that aborted it", async () => {
    const { begin, clock, finish, log, n2, runs } = await jobs("rerun");
    await begin();
    await finish(n2.stop());
    await clock.runFor(10_000);
    expect(runs.map(({ node }) => node)).toEqual(["n2", "n1"]);
    expect(runs[0]?.aborted()).toBe(true);
    expect(await log()).toEqual(["done on n1"]);
  });

  test("is aborted on a node that cannot be sure of its lease, and has one outcome", async () => {
    const { backend, begin, clock, log, runs } = await jobs("rerun");
    await begin();
    backend.cut("n2" as never);
    await clock.runFor(15_000);
    backend.heal("n2" as never);
    await clock.runFor(15_000);
    expect((await log()).length).toBe(1);
    expect(runs.length).toBeGreaterThanOrEqual(2);
  });

  test("has one outcome when its owner was frozen over its take-over", async () => {
    const { backend, begin, clock, log, runs } = await jobs("rerun");
    await begin();
    backend.freeze("n2" as never);
    await clock.runFor(8_000);
    backend.thaw("n2" as never);
    await clock.runFor(8_000);
    expect(runs.map(({ node }) => node)).toEqual(["n2", "n1"]);
    expect(await log()).toEqual(["done on n1"]);
  });
});

test("an outcome that comes from a former owner after the next one's changes nothing", async () => {
  const { backend, begin, clock, finish, id, log, n1, runs } = await jobs("rerun");
  await begin();
  await clock.runFor(900);
  // Holds its actor back, so that the outcome waits on a node that is then cut off.
  await finish(n1.actor(job, id).tell.stumble({}));
  await clock.runFor(300);
  backend.cut("n2" as never);
  await clock.runFor(10_000);
  expect(await log()).toEqual(["done on n1"]);
  backend.heal("n2" as never);
  await clock.runFor(10_000);
  expect(runs.map(({ node }) => node)).toEqual(["n2", "n1"]);
  expect(await log()).toEqual(["done on n1"]);
});

describe("an effect that is interrupted", () => {
  test("is not started again after a crash: the actor is told that it was interrupted", async () => {
    const { backend, begin, clock, log, runs } = await jobs("interrupt");
    await begin();
    backend.kill("n2" as never);
    await clock.runFor(10_000);
    expect(runs.map(({ node }) => node)).toEqual(["n2"]);
    expect(await log()).toEqual(["interrupted: the node that ran it is gone"]);
  });

  test("is started behind a committed mark", async () => {
    const { begin, commits, runs, server } = await jobs("interrupt");
    await begin();
    const marked = commits.filter(({ effects }) => (effects?.put.length ?? 0) > 0);
    expect(marked).toHaveLength(2);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.at).toBeLessThanOrEqual(server.now());
  });

  test("that never was started runs on the next owner", async () => {
    const { backend, clock, commits, finish, id, log, n1, runs, until } = await jobs("interrupt");
    const asked = ended(n1.actor(job, id).ask.start({}));
    // Killed between the commit that records the effect and the one that marks its start.
    await until(() => commits.some(({ effects }) => (effects?.put.length ?? 0) > 0));
    backend.kill("n2" as never);
    await finish(asked);
    await clock.runFor(10_000);
    expect(runs.map(({ node }) => node)).toEqual(["n1"]);
    expect(await log()).toEqual(["done on n1"]);
  });

  test("is not repeated after a failed attempt either", async () => {
    const { begin, clock, finish, log, n2, runs } = await jobs("interrupt");
    await begin();
    await finish(n2.stop());
    await clock.runFor(10_000);
    expect(runs).toHaveLength(1);
    expect(await log()).toEqual(["interrupted: the node that ran it is gone"]);
  });

  test("whose outcome waits for its turn when the shard is handed over keeps that outcome", async () => {
    const { begin, clock, finish, id, log, n1, n2, runs } = await jobs("interrupt");
    await begin();
    await clock.runFor(900);
    // Holds its actor back while it is tried again.
    await finish(n1.actor(job, id).tell.stumble({}));
    await clock.runFor(300);
    await finish(n2.stop());
    await clock.runFor(10_000);
    expect(runs).toHaveLength(1);
    expect(await log()).toEqual(["done on n2"]);
  });
});
