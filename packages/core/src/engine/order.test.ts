/** What one sender sends to one actor is handled in the order in which it was sent (I4). */
import { expect, test } from "bun:test";
import type { NodeId } from "../model/ids.ts";
import { type Ended, ended, journal, world } from "./engine-kit.test.ts";

const names = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);

test.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("asks and tells sent without waiting are handled in order by an actor %s", async (_, owner) => {
  const { finish, idOwnedBy, read, start } = world();
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy(owner);
  const lines = names(60);
  const { ask, tell } = n1.actor(journal, id);
  const sent = lines.map((line, n) =>
    n % 3 === 0 ? tell.write({ line }) : ask.write({ line }).then(() => {}),
  );
  await finish(Promise.all(sent));
  expect(await read(n1, id)).toEqual(lines);
});

test("the order holds while the actor moves to the caller's node and away again", async () => {
  const { backend, clock, endOf, idOwnedBy, ownerOf, read, start } = world();
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy("n1");
  // Slow enough that commands are under way on each path while the owner changes.
  backend.plan = { ...backend.plan, delayMs: [6, 6] };
  const { ask, tell } = n1.actor(journal, id);
  const { nodes } = n1.as({ name: "ops", role: "admin" });
  const lines: string[] = [];
  const sent: Promise<unknown>[] = [];
  const sendUntilOwnedBy = async (owner: string) => {
    for (let more = 60; more > 0; more -= (await ownerOf(id)) === owner ? 1 : 0) {
      const line = `line ${lines.length}`;
      lines.push(line);
      sent.push(lines.length % 2 === 0 ? ask.write({ line }) : tell.write({ line }));
      await clock.runFor(1);
    }
  };
  for (let round = 0; round < 3; round++) {
    void nodes.drain("n1", { reason: "away" });
    await sendUntilOwnedBy("n2");
    void nodes.undrain("n1", { reason: "back" });
    await sendUntilOwnedBy("n1");
  }
  expect(await endOf(Promise.all(sent))).toHaveProperty("value");
  expect(await read(n1, id)).toEqual(lines);
});

test("a command is not handled before those that its new owner has yet to read", async () => {
  // Asked at another moment of the take-over each time.
  for (let waitMs = 0; waitMs <= 40; waitMs += 2) {
    const { backend, clock, finish, idOwnedBy, ownerOf, read, start } = world();
    const n1 = await start("n1");
    await start("n2");
    const id = await idOwnedBy("n2");
    backend.kill("n2" as NodeId);
    await finish(n1.actor(journal, id).tell.write({ line: "first" }));
    backend.plan = { ...backend.plan, delayMs: [6, 6], loseMessage: 1 };
    while ((await ownerOf(id)) !== "n1") await clock.runFor(1);
    await clock.runFor(waitMs);
    // A tell: its answer comes by the commit, not by a hint.
    void n1.actor(journal, id).tell.write({ line: "second" });
    await clock.runFor(5_000);
    backend.plan = { ...backend.plan, loseMessage: 0 };
    expect(await read(n1, id)).toEqual(["first", "second"]);
  }
});

test("a command is not handled before one that ended as unknown and waits in the mailbox", async () => {
  // Asked at another moment of the take-over each time.
  for (let waitMs = 0; waitMs <= 40; waitMs += 2) {
    const { backend, clock, finish, idOwnedBy, ownerOf, pending, read, server, shardOf, start } =
      world();
    const n1 = await start("n1");
    await start("n2");
    const id = await idOwnedBy("n2");
    const { tell } = n1.actor(journal, id);
    backend.kill("n2" as NodeId);
    backend.plan = { ...backend.plan, loseReply: 1, timeoutMs: 50 };
    const first = ended(tell.write({ line: "first" }));
    while ((await pending(id)) !== 1) await clock.runFor(1);
    const shard = server.cluster("shop").shards.get(shardOf(id));
    if (!shard) throw new Error("there is no such shard");
    // As if the node had been reaped for a moment.
    shard.producers.clear();
    shard.producerFloor = Number.POSITIVE_INFINITY;
    backend.plan = { ...backend.plan, loseReply: 0, timeoutMs: 1_000 };
    expect(await finish(first)).toMatchObject({ outcome: "unknown" });
    shard.producerFloor = 0;
    backend.plan = { ...backend.plan, delayMs: [6, 6], loseMessage: 1 };
    while ((await ownerOf(id)) !== "n1") await clock.runFor(1);
    await clock.runFor(waitMs);
    void tell.write({ line: "second" });
    await clock.runFor(5_000);
    backend.plan = { ...backend.plan, loseMessage: 0 };
    expect(await read(n1, id)).toEqual(["first", "second"]);
  }
});

test("the order holds when an owner that takes too long to drain loses its shards", async () => {
  const { backend, clock, finish, idOwnedBy, read, start } = world({ settings: { drainMs: 15 } });
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy("n1");
  backend.plan = { ...backend.plan, delayMs: [60, 60] };
  const { ask } = n1.actor(journal, id);
  const sent: { readonly line: string; readonly end: Promise<Ended<number>> }[] = [];
  const send = async (forMs: number) => {
    for (const until = clock.monotonic() + forMs; clock.monotonic() < until; ) {
      const line = `${sent.length}`;
      sent.push({ line, end: ended(ask.write({ line })) });
      await clock.runFor(5);
    }
  };
  await send(500);
  void n1.as({ name: "ops", role: "admin" }).nodes.drain("n1", { reason: "away" });
  await send(2_000);
  const acknowledged: string[] = [];
  for (const { line, end } of sent) if ("value" in (await finish(end))) acknowledged.push(line);
  const lines = await read(n1, id);
  expect(lines).toEqual(lines.toSorted((a, b) => Number(a) - Number(b)));
  expect(lines.filter((line) => acknowledged.includes(line))).toEqual(acknowledged);
});

test("what waits behind a full batch keeps its place when a draining owner gives up", async () => {
  // Sent at another moment of the draining each time.
  for (let waitMs = 0; waitMs <= 240; waitMs += 40) {
    const { backend, clock, finish, idOwnedBy, read, start } = world();
    // It gives up long before the other node would take its shards.
    const n1 = await start("n1", { settings: { drainMs: 15 } });
    await start("n2");
    const id = await idOwnedBy("n1");
    await finish(n1.actor(journal, id).ask.read({}));
    backend.plan = { ...backend.plan, delayMs: [60, 60] };
    void n1.as({ name: "ops", role: "admin" }).nodes.drain("n1", { reason: "away" });
    await clock.runFor(waitMs);
    // More than are being written, and more than fit into the batch behind it.
    const { ask } = n1.actor(journal, id);
    const ends = names(700).map((_, n) => ended(ask.write({ line: `${n}` })));
    await finish(Promise.all(ends));
    const lines = (await read(n1, id)).map(Number);
    expect(lines.length).toBeGreaterThan(400);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  }
});
