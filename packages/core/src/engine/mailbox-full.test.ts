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

describe.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("an actor %s for which as many commands wait as may", (_, owner) => {
  const crowded = async () => {
    const all = world({ settings: { mailboxPerActor: 10, mailboxPerShard: 1_000 } });
    const n1 = await all.start("n1");
    const n2 = await all.start("n2");
    const id = await all.idOwnedBy(owner);
    const other = all.idsIn(all.shardOf(id), 2).find((each) => each !== id) ?? "";
    const { ask, tell } = n1.actor(journal, id);
    void tell.throwOn({ line: "bad" });
    await all.clock.runFor(20);
    const waiting = Array.from({ length: 9 }, (_, n) => ended(tell.write({ line: `${n}` })));
    await all.clock.runFor(100);
    return { ...all, n1, n2, id, ask, tell, other, waiting };
  };

  test("refuses more of them at once, as not applied, and takes some again when half are done", async () => {
    const { ask, clock, endOf, finish, id, n1, tell, waiting } = await crowded();
    const full = { code: "MAILBOX_FULL", outcome: "not-applied" };
    expect(await endOf(ask.write({ line: "x" }))).toMatchObject(full);
    expect(await endOf(tell.write({ line: "x" }))).toMatchObject(full);
    expect(await endOf(n1.actor(journal, id).ask.read({}))).toMatchObject(full);
    await clock.runFor(15_000);
    expect(await finish(Promise.all(waiting))).toEqual(Array(9).fill({ value: undefined }));
    expect(await endOf(ask.write({ line: "last" }))).toEqual({ value: 10 });
  });

  test("keeps its neighbours from nothing", async () => {
    const { endOf, n1, n2, other } = await crowded();
    for (const node of [n1, n2]) {
      expect(await endOf(node.actor(journal, other).ask.read({}), 1_000)).toEqual({ value: [] });
    }
  });

  test("is told by other actors all the same", async () => {
    const { clock, finish, id, n1, other, read } = await crowded();
    await finish(n1.actor(journal, other).ask.copy({ line: "from an actor", to: id }));
    await clock.runFor(15_000);
    expect(await read(n1, id)).toContain("from an actor");
  });

  test("takes commands again under the next owner, that has its own to wait", async () => {
    const { ask, clock, endOf, finish, id, n1, ownerOf, settled } = await crowded();
    const { drain } = n1.as({ name: "ops", role: "admin" }).nodes;
    await finish(drain(owner, { reason: "test" }));
    await settled();
    expect(await ownerOf(id)).not.toBe(owner);
    await clock.runFor(15_000);
    expect(await endOf(ask.write({ line: "last" }))).toEqual({ value: 10 });
  });
});

test("what a former owner took no more of is taken by the next", async () => {
  const { backend, clock, endOf, idOwnedBy, ownerOf, settled, start } = world({
    settings: { mailboxPerActor: 5 },
  });
  const nodes = [await start("n1"), await start("n2"), await start("n3")] as const;
  const id = await idOwnedBy("n2");
  const toActor = nodes.map((node) => node.actor(journal, id));
  // Only the owner's own node knows of these, and they die with it.
  void ended(toActor[1]?.tell.throwOn({ line: "bad" }) ?? Promise.reject());
  for (let n = 0; n < 5; n++) void ended(toActor[1]?.tell.write({ line: "x" }) ?? Promise.reject());
  await clock.runFor(50);
  expect(await endOf(nodes[0].actor(journal, id).ask.read({}))).toHaveProperty(
    "code",
    "MAILBOX_FULL",
  );
  backend.kill("n2" as never);
  await settled();
  const sender = (await ownerOf(id)) === "n1" ? nodes[2] : nodes[0];
  for (let n = 1; n <= 3; n++) {
    expect(await endOf(sender.actor(journal, id).ask.write({ line: `${n}` }))).toEqual({
      value: n,
    });
  }
});

test("shards that are full tell each other without end", async () => {
  const { clock, deadLetters, finish, idsIn, read, start } = world({ settings });
  const n1 = await start("n1");
  const n2 = await start("n2");
  const [one = ""] = idsIn(1, 1);
  const [two = ""] = idsIn(2, 1);
  const copies: Promise<unknown>[] = [];
  for (let n = 0; n < 40; n++) {
    copies.push(ended(n1.actor(journal, one).ask.copy({ line: `1-${n}`, to: two })));
    copies.push(ended(n2.actor(journal, two).ask.copy({ line: `2-${n}`, to: one })));
  }
  const taken = (await finish(Promise.all(copies))).filter((end) => "value" in (end as object));
  expect(taken.length).toBeGreaterThan(0);
  expect(taken.length).toBeLessThan(80);
  await clock.runFor(5_000);
  const lines = [...(await read(n1, one)), ...(await read(n1, two))];
  expect(lines).toHaveLength(2 * taken.length);
  expect(await deadLetters()).toEqual([]);
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
