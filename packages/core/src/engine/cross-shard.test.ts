/** What an actor tells another arrives once, whatever becomes of the nodes between (I2, I4). */
import { describe, expect, test } from "bun:test";
import type { NodeId } from "../model/ids.ts";
import { roughPlan } from "../testing/fault-plan.ts";
import { type Ended, ended, journal, world } from "./engine-kit.test.ts";

const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);

test.each([
  ["the same shard", 0],
  ["another shard", 1],
])("messages to an actor of %s arrive once and in order", async (_, distance) => {
  const { appends, clock, commits, deadLetters, finish, idsIn, read, server, start } = world();
  const n1 = await start("n1");
  await start("n2");
  for (let shard = 0; shard < 8; shard++) {
    const [from = ""] = idsIn(shard, 1);
    const to = idsIn((shard + distance) % 8, 2)[1] ?? "";
    await finish(
      Promise.all(lines(20).map((line) => n1.actor(journal, from).ask.copy({ line, to }))),
    );
    await clock.runFor(500);
    expect(await read(n1, to)).toEqual(lines(20));
    await finish(n1.actor(journal, to).ask.write({ line: "end" }));
  }
  expect(await deadLetters()).toEqual([]);
  // Nothing was sent before its commit was accepted, and nothing is kept once it has arrived.
  for (const { source, after } of appends) {
    if (source.kind !== "shard") continue;
    const committed = commits.slice(0, after).flatMap(({ out }) => out?.add ?? []);
    expect(committed.some(({ outId, n }) => outId === source.outId && n === source.first)).toBe(
      true,
    );
  }
  for (const { out } of server.cluster("shop").shards.values()) expect(out.size).toBe(0);
});

test("a message arrives exactly when the commit that holds it was accepted", async () => {
  for (let after = 0; after <= 8; after++) {
    const { backend, clock, finish, idOwnedBy, idsIn, read, shardOf, start } = world();
    const n1 = await start("n1");
    await start("n2");
    const from = await idOwnedBy("n2");
    const [to = ""] = idsIn((shardOf(from) + 1) % 8, 1);
    const asked = ended(n1.actor(journal, from).ask.copy({ line: "x", to }, { timeoutMs: 5_000 }));
    // Killed at another point of the command's way each time.
    await clock.runFor(after);
    backend.kill("n2" as NodeId);
    const end = await finish(asked);
    await clock.runFor(5_000);
    const applied = await read(n1, from);
    expect(await read(n1, to)).toEqual(applied);
    if ("value" in end) expect(applied).toEqual(["x"]);
  }
});

describe("messages that were committed arrive once", () => {
  const run = async (trouble: (all: Awaited<ReturnType<typeof setUp>>) => Promise<void>) => {
    const all = await setUp();
    const { clock, endOf, from, idsIn, n1, read, shardOf } = all;
    const to = idsIn((shardOf(from) + 3) % 8, 1)[0] ?? "";
    const sent = lines(60);
    const ends: Promise<Ended<void>>[] = [];
    const sending = (async () => {
      for (const line of sent) {
        ends.push(ended(n1.actor(journal, from).ask.copy({ line, to }, { idempotencyKey: line })));
        await new Promise<void>((resolve) => clock.after(20, resolve));
      }
    })();
    await clock.runFor(300);
    await trouble(all);
    await all.finish(sending);
    for (const [n, end] of ends.entries()) {
      let known = await all.finish(end);
      const line = sent[n] ?? "";
      for (let again = 0; again < 20 && "code" in known; again++) {
        await clock.runFor(500);
        known = await endOf(
          n1.actor(journal, from).ask.copy({ line, to }, { idempotencyKey: line }),
        );
      }
      expect(known).toEqual({ value: undefined });
    }
    await clock.runFor(20_000);
    const atSource = await read(n1, from);
    expect(atSource.toSorted()).toEqual(sent.toSorted());
    expect(await read(n1, to)).toEqual(atSource);
  };
  const setUp = async () => {
    const all = world();
    const n1 = await all.start("n1");
    const n2 = await all.start("n2");
    const n3 = await all.start("n3");
    return { ...all, n1, n2, n3, from: await all.idOwnedBy("n2") };
  };

  test("when their sender's node is killed", () =>
    run(async ({ backend }) => backend.kill("n2" as NodeId)));
  test("when their sender's node is stopped in order", () =>
    run(async ({ finish, n2 }) => finish(n2.stop())));
  test("when their sender's node freezes over its take-over and thaws", () =>
    run(async ({ backend, clock }) => {
      backend.freeze("n2" as NodeId);
      await clock.runFor(4_000);
      backend.thaw("n2" as NodeId);
    }));
  test("when another node, and the receivers there, is killed", () =>
    run(async ({ backend }) => backend.kill("n3" as NodeId)));
  test("over a rough link", () =>
    run(async ({ backend, clock }) => {
      const calm = backend.plan;
      backend.plan = roughPlan;
      await clock.runFor(4_000);
      backend.plan = calm;
    }));
});

test("messages that waited over two restarts of the store arrive in the order committed", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    let isBlocked = true;
    const { clock, finish, idsIn, read, server, settled, start } = world({
      seed,
      fates: {
        call: ({ op }) => ({
          thereMs: 0,
          backMs: 0,
          timeoutMs: 100,
          requestLost: isBlocked && op === "append",
          replyLost: false,
        }),
        hint: () => [0],
      },
    });
    const n1 = await start("n1");
    const [from = ""] = idsIn(1, 1);
    const [to = ""] = idsIn(2, 1);
    for (const line of ["first", "second", "third"]) {
      await finish(n1.actor(journal, from).ask.copy({ line, to }));
      server.restart({ keepData: true });
      await settled();
    }
    isBlocked = false;
    await clock.runFor(5_000);
    expect(await read(n1, to)).toEqual(["first", "second", "third"]);
  }
});
