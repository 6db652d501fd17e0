/** Callers hear of what enough replicas have; of anything else they learn that it is not known. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { journal, world } from "./engine-kit.test.ts";

const start = async () => {
  const w = world({ durability: { replicas: 1 } });
  w.server.replicas = 1;
  const one = await w.start("n1");
  const two = await w.start("n2");
  const id = await w.idOwnedBy("n1");
  return { w, one, two, id };
};

test("while enough replicas keep up, callers get their answers", async () => {
  const { w, one, two, id } = await start();
  expect(await w.finish(one.actor(journal, id).ask.write({ line: "a" }))).toBe(1);
  expect(await w.finish(two.actor(journal, id).ask.write({ line: "b" }))).toBe(2);
  await w.finish(two.actor(journal, id).tell.write({ line: "c" }));
  expect(await w.read(two, id)).toEqual(["a", "b", "c"]);
  await w.stopAll();
});

test("without them a caller is told at once that the outcome is unknown, and the state goes on", async () => {
  const { w, one, two, id } = await start();
  w.server.replicas = 0;
  for (const node of [one, two]) {
    const begun = w.clock.monotonic();
    const end = await w.endOf(node.actor(journal, id).ask.write({ line: "a" }));
    expect(end).toMatchObject({ code: "OUTCOME_UNKNOWN", outcome: "unknown" });
    expect(w.clock.monotonic() - begun).toBeLessThan(1_000);
  }
  const told = await w.endOf(two.actor(journal, id).tell.write({ line: "b" }));
  expect(told).toMatchObject({ code: "OUTCOME_UNKNOWN", outcome: "unknown" });
  expect(await w.read(two, id)).toEqual(["a", "a", "b"]);
  w.server.replicas = 1;
  expect(await w.finish(two.actor(journal, id).ask.write({ line: "c" }))).toBe(4);
  await w.stopAll();
});

test("a repeat under the same idempotency key learns the answer when the replicas are back", async () => {
  const { w, one, two, id } = await start();
  for (const [node, key] of [
    [one, "k1"],
    [two, "k2"],
  ] as const) {
    w.server.replicas = 0;
    const write = () =>
      node.actor(journal, id).ask.write({ line: key }, { idempotencyKey: key, timeoutMs: 2_000 });
    expect(await w.endOf(write())).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(await w.endOf(write())).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    w.server.replicas = 1;
    await w.finish(write());
  }
  expect(await w.read(one, id)).toEqual(["k1", "k2"]);
  await w.stopAll();
});

test("list rows that were not published are found by the sweep", async () => {
  const counter = defineActor({
    kind: "counter",
    state: z.strictObject({ n: z.number() }),
    commands: { add: { input: z.strictObject({}) } },
  });
  const Counter = counter.implement({
    initial: () => ({ n: 0 }),
    on: { add: (turn, { n }) => turn.next({ n: n + 1 }).reply() },
    view: ({ n }) => ({ n }),
  });
  const w = world({ durability: { replicas: 1 }, actors: [Counter] });
  const one = await w.start("n1");
  const two = await w.start("n2");
  await w.endOf(one.actor(counter, "c1").ask.add({}));
  const row = () => two.view<{ readonly n: number }>(counter).get("c1")?.n;
  await w.until(() => row() === 1);
  await w.stopAll();
});
