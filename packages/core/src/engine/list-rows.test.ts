/** The list rows of a user's own kind, on every node. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { type ActorKind, defineActor } from "../define-actor.ts";
import type { NodeId } from "../model/ids.ts";
import { journal, world } from "./engine-kit.test.ts";

const desk = defineActor({
  kind: "desk",
  state: z.strictObject({ open: z.number().int() }),
  commands: { set: { input: z.strictObject({ open: z.number().int() }) } },
});
const row = z.strictObject({ open: z.number().int(), id: z.string() });
type DeskRow = z.output<typeof row>;
const Desk = desk.implement({
  initial: () => ({ open: 0 }),
  on: { set: (turn, _, { open }) => turn.next({ open }).reply() },
  view: ({ open }, id) => (open > 0 ? { open, id } : undefined),
  row,
}) as unknown as ActorKind;

test("every node lists the row of each actor, and one that ends is gone everywhere", async () => {
  const { finish, start, until } = world({ actors: [Desk] });
  const n1 = await start("n1");
  const n2 = await start("n2");
  const views = [n1.view<DeskRow>(desk), n2.view<DeskRow>(desk)];
  for (let n = 1; n <= 10; n++) await finish(n1.actor(desk, `d${n}`).ask.set({ open: n }));
  await until(() => views.every(({ size }) => size === 10), 1_000);
  for (const view of views) {
    expect([...view.entries()].toSorted(([, a], [, b]) => a.open - b.open)).toEqual(
      Array.from({ length: 10 }, (_, n) => [`d${n + 1}`, { open: n + 1, id: `d${n + 1}` }]),
    );
    expect([view.ready, view.stale]).toEqual([true, false]);
  }
  await finish(n2.actor(desk, "d3").ask.set({ open: 0 }));
  await until(() => views.every((view) => view.get("d3") === undefined), 1_000);
});

test("a node that comes later has all rows once it has started", async () => {
  const { finish, start } = world({ actors: [Desk] });
  const n1 = await start("n1");
  await finish(n1.actor(desk, "d1").ask.set({ open: 4 }));
  const n2 = await start("n2");
  expect(n2.view<DeskRow>(desk).get("d1")).toEqual({ open: 4, id: "d1" });
});

test("a listener is told of each change until it ends", async () => {
  const { finish, start, until } = world({ actors: [Desk] });
  const n1 = await start("n1");
  const told: unknown[] = [];
  const end = n1.view<DeskRow>(desk).onChange((id, changed) => told.push([id, changed?.open]));
  await finish(n1.actor(desk, "d1").ask.set({ open: 1 }));
  // Changes of one moment may be told as one.
  await until(() => told.length === 1, 1_000);
  await finish(n1.actor(desk, "d1").ask.set({ open: 0 }));
  await until(() => told.length === 2, 1_000);
  end();
  await finish(n1.actor(desk, "d1").ask.set({ open: 2 }));
  await until(() => n1.view(desk).size === 1, 1_000);
  expect(told).toEqual([
    ["d1", 1],
    ["d1", undefined],
  ]);
});

test("a kind without a view, or unknown here, has none to give", async () => {
  const { start } = world({ actors: [Desk] });
  const n1 = await start("n1");
  expect(() => n1.view(journal)).toThrow('This node has no view of the kind "journal".');
});

test("rows of other data under versions like those known are not taken for what is known", async () => {
  const { backend, clock, finish, server, start, until } = world({ actors: [Desk] });
  const n1 = await start("n1");
  const n2 = await start("n2");
  const set = (open: number) => n1.actor(desk, "d1").ask.set({ open });
  await finish(set(1));
  await until(() => n2.view<DeskRow>(desk).get("d1")?.open === 1, 1_000);
  // FLUSHALL keeps the history, so that the first version of the new data is that of the old.
  backend.freeze("n2" as NodeId);
  server.flush();
  await clock.runFor(3_000);
  await finish(set(2));
  backend.thaw("n2" as NodeId);
  await until(() => n2.view<DeskRow>(desk).get("d1")?.open === 2, 20_000);
});
