/** A shard takes as many waiting commands as its bound says; beyond it callers are refused (I7). */
import { describe, expect, test } from "bun:test";
import { ended, journal, valuesOf, world } from "./engine-kit.test.ts";

const settings = { mailboxPerShard: 10 };

describe.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("a shard %s", (_, owner) => {
  test("refuses what is over its bound as not applied, and takes more once it has caught up", async () => {
    const { endOf, finish, idOwnedBy, read, start } = world({ settings });
    const n1 = await start("n1");
    await start("n2");
    const id = await idOwnedBy(owner);
    const { ask, tell } = n1.actor(journal, id);
    // The first one is retried and holds the others back.
    const stuck = tell.throwOn({ line: "bad" });
    const sent = Array.from({ length: 30 }, (_, n) => ended(ask.write({ line: `${n}` })));
    const ends = await finish(Promise.all(sent));
    const refused = ends.filter((end) => "code" in end);
    expect(refused.length).toBeGreaterThanOrEqual(20);
    for (const end of refused) {
      expect(end).toMatchObject({ code: "MAILBOX_FULL", outcome: "not-applied" });
    }
    await finish(stuck);
    const taken = valuesOf(ends).filter((end) => typeof end === "number");
    expect(await read(n1, id)).toHaveLength(taken.length);
    expect(await endOf(ask.write({ line: "later" }))).toEqual({ value: taken.length + 1 });
  });
});

test("of commands that are sent together, the first ones that fit are taken, in order", async () => {
  const { appends, clock, finish, idOwnedBy, read, start } = world({ settings });
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy("n2");
  const { ask, tell } = n1.actor(journal, id);
  const stuck = tell.throwOn({ line: "bad" });
  await clock.runFor(20);
  const first = ended(ask.write({ line: "first" }));
  await clock.runFor(20);
  appends.length = 0;
  // Within the bound of what a node holds itself, together above that of the mailbox.
  const sent = Array.from({ length: 9 }, (_, n) => ended(ask.write({ line: `${n}` })));
  const ends = await finish(Promise.all([first, ...sent]));
  await finish(stuck);
  expect(valuesOf(ends)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, "MAILBOX_FULL"]);
  expect(appends.map(({ count }) => count)).toEqual([9, 8]);
  expect(await read(n1, id)).toEqual(["first", "0", "1", "2", "3", "4", "5", "6", "7"]);
});

test("a full mailbox of one shard leaves the others alone", async () => {
  const { clock, endOf, idOwnedBy, idsIn, shardOf, start } = world({ settings });
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy("n2");
  const { tell } = n1.actor(journal, id);
  void tell.throwOn({ line: "bad" });
  await clock.runFor(20);
  const ends: unknown[] = [];
  for (let n = 0; n < 12; n++) ends.push(await endOf(tell.write({ line: `${n}` })));
  expect(ends.filter((end) => (end as { code?: string }).code === "MAILBOX_FULL")).toHaveLength(3);
  const [other = ""] = idsIn((shardOf(id) + 1) % 8, 1);
  expect(await endOf(n1.actor(journal, other).ask.write({ line: "x" }))).toEqual({ value: 1 });
});

test("messages between actors are let in where callers are refused", async () => {
  const { clock, endOf, finish, idsIn, read, start } = world({ settings });
  const n1 = await start("n1");
  const [full = ""] = idsIn(1, 1);
  const [from = ""] = idsIn(2, 1);
  void n1.actor(journal, full).tell.throwOn({ line: "bad" });
  await clock.runFor(20);
  for (let n = 0; n < 30; n++)
    void n1
      .actor(journal, full)
      .ask.write({ line: `${n}` })
      .catch(() => {});
  expect(await endOf(n1.actor(journal, full).ask.write({ line: "x" }))).toHaveProperty(
    "code",
    "MAILBOX_FULL",
  );
  await finish(n1.actor(journal, from).ask.copy({ line: "from an actor", to: full }));
  await clock.runFor(10_000);
  expect(await read(n1, full)).toContain("from an actor");
});
