/** Actors that are idle, or too many, leave memory and come back as they were (I7). */
import { expect, test } from "bun:test";
import { type Ended, ended, journal, world } from "./engine-kit.test.ts";

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

test("above the cap the actors unused for longest leave first", async () => {
  const { clock, fetched, finish, idsIn, start } = world({ settings: { residentActors: 10 } });
  const n1 = await start("n1");
  const ids = idsIn(2, 30);
  for (const [n, id] of ids.entries()) {
    await finish(n1.actor(journal, id).ask.write(write(n)));
    await clock.runFor(10);
  }
  // The first ones are used again, so they are not the ones to go.
  for (const id of ids.slice(0, 4)) await finish(n1.actor(journal, id).ask.read({}));
  await clock.runFor(12_000);
  fetched.length = 0;
  for (const id of ids.slice(0, 4)) await finish(n1.actor(journal, id).ask.read({}));
  expect(fetched).toEqual([]);
  for (const [n, id] of ids.entries()) {
    expect(await finish(n1.actor(journal, id).ask.read({}))).toEqual([`line ${n}`]);
  }
  expect(fetched).toHaveLength(20);
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
