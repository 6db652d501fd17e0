/** Actors that are idle, or too many, leave memory and come back as they were (I7). */
import { expect, test } from "bun:test";
import { type Ended, ended, journal, valuesOf, world } from "./engine-kit.test.ts";

const write = (n: number) => ({ line: `line ${n}` });

test("an idle actor leaves memory and comes back with its state", async () => {
  const { clock, fetched, finish, start } = world({ settings: { passivateAfterMs: 30_000 } });
  const n1 = await start("n1");
  const { ask } = n1.actor(journal, "a");
  await finish(ask.write(write(1)));
  fetched.length = 0;
  await clock.runFor(25_000);
  expect(await finish(ask.write(write(2)))).toBe(2);
  expect(fetched).toEqual([]);
  await clock.runFor(45_000);
  expect(await finish(ask.read({}))).toEqual(["line 1", "line 2"]);
  expect(fetched).toEqual(["journal/a"]);
});

test("above the cap the actor unused for longest makes room, of whatever shard it is", async () => {
  const { clock, fetched, finish, idsIn, start } = world({ settings: { residentActors: 10 } });
  const n1 = await start("n1");
  const ids = [...idsIn(2, 7), ...idsIn(5, 7)];
  const read = (id: string) => finish(n1.actor(journal, id).ask.read({}));
  for (const [n, id] of ids.slice(0, 10).entries()) {
    await finish(n1.actor(journal, id).ask.write(write(n)));
    await clock.runFor(10);
  }
  // The first ones are used again, so they are not the ones to go.
  for (const id of ids.slice(0, 3)) await read(id);
  fetched.length = 0;
  for (const id of ids.slice(10)) await read(id);
  expect(fetched).toHaveLength(4);
  fetched.length = 0;
  for (const id of [...ids.slice(10), ...ids.slice(0, 3), ...ids.slice(7, 10)]) await read(id);
  expect(fetched).toEqual([]);
  expect(await read(ids[3] ?? "")).toEqual(["line 3"]);
  expect(fetched).toEqual([`journal/${ids[3]}`]);
});

test("a burst of more actors than the cap is answered, and no more are in memory at any time", async () => {
  const { fetches, finish, start } = world({ settings: { residentActors: 5 } });
  const n1 = await start("n1");
  const ids = Array.from({ length: 200 }, (_, n) => `burst-${n}`);
  const ask = (id: string) => [
    ended(n1.actor(journal, id).ask.write(write(1))),
    ended(n1.actor(journal, id).ask.write(write(2))),
  ];
  expect(valuesOf(await finish(Promise.all(ids.flatMap(ask))))).toEqual(ids.flatMap(() => [1, 2]));
  expect(Math.max(...fetches)).toBeLessThanOrEqual(5);
  expect(fetches.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(200);
});

test("an actor that is held back does not keep others from memory", async () => {
  const { clock, finish, start } = world({ settings: { residentActors: 2 } });
  const n1 = await start("n1");
  void n1.actor(journal, "stuck").tell.throwOn({ line: "bad" });
  await clock.runFor(50);
  for (let n = 0; n < 20; n++) {
    expect(await finish(n1.actor(journal, `other-${n}`).ask.write(write(n)), 2_000)).toBe(1);
  }
});

test("the room of a shard that has gone is free, also of an actor that was held there", async () => {
  const { clock, finish, idOwnedBy, idsIn, settled, shardOf, start } = world({
    settings: { residentActors: 1 },
  });
  const n1 = await start("n1");
  const n2 = await start("n2");
  const { drain, undrain } = n2.as({ name: "ops", role: "admin" }).nodes;
  const held = await idOwnedBy("n1");
  void n1.actor(journal, held).tell.throwOn({ line: "bad" });
  await clock.runFor(100);
  await finish(drain("n1", { reason: "test" }));
  await settled();
  await finish(undrain("n1", { reason: "test" }));
  await settled();
  const [other = ""] = idsIn(shardOf(await idOwnedBy("n1")), 1);
  expect(await finish(n1.actor(journal, other).ask.write(write(1)))).toBe(1);
});

test("an actor with commands or an unfinished commit stays", async () => {
  const { backend, clock, finish, start } = world({
    settings: { passivateAfterMs: 1, residentActors: 1 },
  });
  const n1 = await start("n1");
  await finish(n1.actor(journal, "a").ask.write(write(1)));
  // Commits take longer than the sweep waits, and the actor is written to all the time.
  backend.plan = { ...backend.plan, delayMs: [150, 150] };
  const sent: Promise<Ended<number>>[] = [];
  for (let n = 2; n <= 200; n++) {
    sent.push(ended(n1.actor(journal, "a").ask.write(write(n))));
    await clock.runFor(140);
  }
  expect(await finish(Promise.all(sent))).toEqual(
    Array.from({ length: 199 }, (_, n) => ({ value: n + 2 })),
  );
});
