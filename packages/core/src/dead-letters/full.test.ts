/** As many dead letters as a shard may hold: nothing is lost, nothing else waits (I7, I8). */
import { describe, expect, test } from "bun:test";
import { clerk, clerks, ops } from "./letters-kit.test.ts";

const most = 2;
/** One shard with as many open letters as it may have, and three failed messages more. */
const full = async (settings = {}) => {
  const all = clerks({ settings: { deadLettersPerShard: most, ...settings } });
  const { clock, finish, idsIn, start } = all;
  const n1 = await start("n1");
  const ids = idsIn(3, 6);
  const bad = ids.slice(0, 5);
  const tell = (id: string, form: string) => {
    n1.actor(clerk, id)
      .tell.file({ form })
      .catch(() => {});
  };
  for (const id of bad) tell(id, `bad ${id}`);
  await clock.runFor(30_000);
  const list = async () =>
    (await finish(n1.deadLetters.list({ limit: 500 }))).items.map(({ actorId, resolution }) => [
      actorId,
      resolution,
    ]);
  const open = async () =>
    (await finish(n1.deadLetters.list({ unresolved: true }))).items.map(({ id }) => id);
  const filed = (id: string) => finish(n1.actor(clerk, id).ask.filed({}));
  return { ...all, n1, bad, other: ids[5] ?? "", tell, list, open, filed };
};

test("what finds no room waits unrun, and its actor and all others go on", async () => {
  const { bad, clock, filed, finish, list, logger, n1, other } = await full();
  const [, , , , last = ""] = bad;
  expect(await list()).toHaveLength(most);
  expect(n1.status()).toMatchObject({
    verdict: "degraded",
    deadLetters: { unresolved: 2, parked: 3 },
  });
  const failures = () => logger.lines.filter(({ message }) => message === "a turn failed").length;
  const before = failures();
  await finish(n1.actor(clerk, last).tell.file({ form: "good" }));
  await finish(n1.actor(clerk, other).tell.file({ form: "good" }));
  await clock.runFor(60_000);
  expect(await filed(last)).toEqual(["good"]);
  expect(await filed(other)).toEqual(["good"]);
  expect(failures()).toBe(before);
});

test("room that is made is taken by what waits, until nothing waits", async () => {
  const { clock, finish, list, n1, open } = await full();
  const letters = n1.as(ops).deadLetters;
  for (let n = 0; n < 5; n++) {
    const [id = ""] = await open();
    await finish(letters.resolve(id, { reason: "seen" }));
    await clock.runFor(200);
  }
  expect(n1.status()).toMatchObject({
    verdict: "healthy",
    deadLetters: { unresolved: 0, parked: 0 },
  });
  // Resolved ones made room in the store as well.
  expect(await list()).toHaveLength(most);
});

test("what waits for room goes on waiting under the next owner, and is still not run", async () => {
  const { bad, clock, finish, logger, n1, start } = await full();
  const failures = () => logger.lines.filter(({ message }) => message === "a turn failed").length;
  const before = failures();
  const n2 = await start("n2");
  await finish(n1.stop());
  await clock.runFor(30_000);
  expect(n2.status().deadLetters).toEqual({ unresolved: 2, parked: 3 });
  expect(failures()).toBe(before);
  const letters = n2.as(ops).deadLetters;
  const seen: string[] = [];
  for (let n = 0; n < 5; n++) {
    const { items } = await finish(letters.list({ unresolved: true }));
    const [letter] = items;
    seen.push(letter?.actorId ?? "");
    await finish(letters.resolve(letter?.id ?? "", { reason: "seen" }));
    await clock.runFor(200);
  }
  expect(seen.toSorted()).toEqual(bad.toSorted());
  expect(n2.status().deadLetters).toEqual({ unresolved: 0, parked: 0 });
});

test("a message that waited for room is whole when it is sent again", async () => {
  const { bad, clock, filed, finish, mend, n1, open } = await full();
  const letters = n1.as(ops).deadLetters;
  mend();
  for (const _ of bad) {
    const [id = ""] = await open();
    await finish(letters.replay(id, { reason: "mended" }));
    await clock.runFor(500);
  }
  for (const id of bad) expect(await filed(id)).toEqual([`bad ${id}`]);
});

describe("with as much waiting for room as may", () => {
  const fullest = async () => {
    const all = await full({ mailboxPerShard: 5 });
    for (const id of all.idsIn(3, 12)) all.tell(id, "bad");
    await all.clock.runFor(60_000);
    expect(all.n1.status().deadLetters.parked).toBeGreaterThanOrEqual(5);
    return all;
  };
  const refused = { code: "DEAD_LETTERS_FULL", outcome: "not-applied" };

  test("the owner's node refuses what fails, and takes what does not", async () => {
    const { endOf, n1, other } = await fullest();
    const { ask, tell } = n1.actor(clerk, other);
    expect(await endOf(tell.file({ form: "good" }))).toEqual({ value: undefined });
    expect(await endOf(tell.file({ form: "bad" }), 30_000)).toMatchObject(refused);
    expect(await endOf(ask.filed({}))).toEqual({ value: ["good"] });
  });

  test("another node is told why the mailbox is full", async () => {
    const { clock, endOf, finish, idsIn, n1, start } = await fullest();
    const n2 = await start("n2");
    await clock.runFor(1_000);
    const [{ owner } = { owner: null }] = (await finish(n1.shards.list())).items.filter(
      ({ shard }) => shard === 3,
    );
    const outside = owner === "n1" ? n2 : n1;
    const [, , , , , other = ""] = idsIn(3, 6);
    expect(await endOf(outside.actor(clerk, other).tell.file({ form: "x" }))).toMatchObject(
      refused,
    );
  });
});
