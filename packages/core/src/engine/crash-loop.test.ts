/**
 * Work that ends every process that runs it: after two unclean take-overs it starts behind a mark,
 * and after two of those it is put aside; everything else goes on (I8).
 */
import { describe, expect, test } from "bun:test";
import { bomb, crashing } from "./crash-kit.test.ts";

const write = (id: string, line: string) => ({ id, command: "write", input: { line } });

describe("a message that ends every process that runs it", () => {
  test("is put aside after four deaths, and all others are handled", async () => {
    const { deaths, deadLetters, idsIn, lines, mail, untilPeace } = await crashing();
    const [poison = "", other = "", third = ""] = idsIn(2, 3);
    await mail([write(poison, "before"), write(other, "one")]);
    await mail([{ id: poison, command: "kill" }, write(poison, "after"), write(third, "two")]);
    await untilPeace();
    expect(deaths()).toBe(4);
    expect(await lines(poison)).toEqual(["before", "after"]);
    expect(await lines(other)).toEqual(["one"]);
    expect(await lines(third)).toEqual(["two"]);
    expect(await deadLetters()).toMatchObject([
      {
        work: "message",
        reason: "crash_loop",
        actor: `bomb/${poison}`,
        command: "kill",
        attempts: 2,
        open: true,
      },
    ]);
  });

  test("has company: each is put aside, after a bounded number of deaths", async () => {
    const { deaths, deadLetters, idsIn, lines, mail, untilPeace } = await crashing();
    const ids = idsIn(2, 4);
    const free = idsIn(5, 2);
    await mail(ids.flatMap((id) => [{ id, command: "kill" }, write(id, "alive")]));
    await mail(free.flatMap((id) => [{ id, command: "kill" }, write(id, "alive")]));
    await untilPeace();
    expect(deaths()).toBeLessThanOrEqual(2 + 2 * 6);
    for (const id of [...ids, ...free]) expect(await lines(id)).toEqual(["alive"]);
    expect((await deadLetters()).map(({ actor }) => actor).toSorted()).toEqual(
      [...ids, ...free].map((id) => `bomb/${id}` as never).toSorted(),
    );
  });
});

test("a timer that ends every process that runs it is put aside", async () => {
  const { deaths, deadLetters, finish, idsIn, lines, node, untilPeace } = await crashing();
  const [armed = "", other = ""] = idsIn(3, 2);
  await finish(node().actor(bomb, armed).ask.arm({ afterMs: 2_000 }));
  await finish(node().actor(bomb, other).tell.write({ line: "one" }));
  await untilPeace();
  expect(deaths()).toBe(4);
  expect(await deadLetters()).toMatchObject([
    { work: "timer", reason: "crash_loop", actor: `bomb/${armed}`, command: "kill" },
  ]);
  expect(await lines(armed)).toEqual([]);
  expect(await lines(other)).toEqual(["one"]);
});

describe.each([
  ["runs", "kill"],
  ["ends", "late"],
] as const)("an effect that ends every process when it %s", (_, what) => {
  test("is put aside, and its actor is told that it failed", async () => {
    const { deaths, deadLetters, endOf, idsIn, lines, node, untilPeace } = await crashing();
    const [burning = "", other = ""] = idsIn(3, 2);
    await endOf(node().actor(bomb, other).ask.burn({ with: "wood" }));
    await endOf(node().actor(bomb, burning).ask.burn({ with: what }), 2_000).catch(() => {});
    await untilPeace();
    expect(deaths()).toBe(4);
    expect(await deadLetters()).toMatchObject([
      { work: "effect", reason: "crash_loop", actor: `bomb/${burning}`, command: "fire" },
    ]);
    expect(await lines(burning)).toEqual([expect.stringContaining("failed: crash_loop: ")]);
    expect(await lines(other)).toEqual(["wood"]);
  });
});

describe("owners that are killed while a shard is busy", () => {
  const many = 3_000;
  const busy = async () => {
    const all = await crashing();
    const { clock, idsIn, kill, mail, startNext, until } = all;
    const ids = idsIn(1, 300);
    const messages = Array.from({ length: many }, (_, n) => {
      const id = ids[n % ids.length] ?? "";
      return write(id, `${n}`);
    });
    /** Kills the node twice, each time as soon as it has taken the shard over. */
    const killTwice = async () => {
      kill();
      await mail(messages, 100);
      for (let n = 0; n < 2; n++) {
        const owned = all.commits.length;
        await startNext();
        await until(() => all.commits.length > owned);
        kill();
      }
      return startNext();
    };
    const pending = () => all.pending(ids[0] ?? "");
    return { ...all, clock, ids, killTwice, pendingNow: pending };
  };

  test("leave every message to be handled once, in order, and none is put aside", async () => {
    const { clock, deadLetters, ids, killTwice, lines, pendingNow } = await busy();
    await killTwice();
    await clock.runFor(5_000);
    expect(await pendingNow()).toBe(0);
    for (const [n, id] of ids.slice(0, 20).entries()) {
      const expected = Array.from({ length: many / ids.length }, (_, k) => `${n + k * ids.length}`);
      expect(await lines(id)).toEqual(expected);
    }
    expect(await deadLetters()).toEqual([]);
  });

  test("leave a shard that is through its mailbox in few commits, and then marks nothing", async () => {
    const { clock, commits, ids, killTwice, node, finish, pendingNow, server, until } =
      await busy();
    await killTwice();
    const before = commits.length;
    await until(
      () => commits.slice(before).reduce((n, c) => n + (c.mail?.count ?? 0), 0) > many - 800,
    );
    await clock.runFor(1_000);
    expect(await pendingNow()).toBe(0);
    const after = commits.slice(before);
    expect(after.filter(({ tries }) => (tries?.put.length ?? 0) > 0).length).toBeGreaterThan(5);
    // One window of them was marked when the second owner was killed: those start alone.
    expect(after.length).toBeLessThan(200);
    expect(server.cluster("shop").shards.get(1)?.tries.size).toBe(0);
    const calm = commits.length;
    await finish(
      node()
        .actor(bomb, ids[0] ?? "")
        .tell.write({ line: "calm" }),
    );
    await clock.runFor(1_000);
    expect(commits.slice(calm).filter(({ tries }) => tries)).toEqual([]);
  });
});
