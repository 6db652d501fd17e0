/** Starting and stopping a node, in whatever order and however often (I5, I9). */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { defineReplica } from "../define-replica.ts";
import type { NodeId } from "../model/ids.ts";
import { createMuster } from "../muster.ts";
import { ended, Journal, journal, world } from "./engine-kit.test.ts";

const n1 = "n1" as NodeId;

describe("a node that starts while the backend is away", () => {
  test("rejects at its time-out, goes on trying, and is ready once the backend is there", async () => {
    const { backend, clock, endOf, finish, make } = world();
    const node = make("n1");
    backend.cut(n1);
    const before = clock.monotonic();
    expect(await endOf(node.start({ timeoutMs: 2_000 }))).toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: expect.stringContaining("within 2000 ms"),
    });
    expect(clock.monotonic() - before).toBeLessThanOrEqual(2_001);
    expect([node.state, node.ready]).toEqual(["starting", false]);
    expect(await endOf(node.actor(journal, "a").ask.read({}))).toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      outcome: "not-applied",
    });
    expect(node.status()).toMatchObject({ verdict: "unknown", stale: true });
    backend.heal(n1);
    await finish(node.start({ timeoutMs: 5_000 }));
    expect([node.state, node.ready]).toEqual(["running", true]);
    expect(await endOf(node.actor(journal, "a").ask.write({ line: "x" }))).toEqual({ value: 1 });
  });

  test("can be stopped, and never joins", async () => {
    const { backend, clock, finish, make, server } = world();
    const node = make("n1");
    backend.cut(n1);
    const starting = ended(node.start({ timeoutMs: 60_000 }));
    await clock.runFor(1_000);
    await finish(node.stop({ timeoutMs: 1_000 }));
    expect(node.state).toBe("stopped");
    backend.heal(n1);
    await clock.runFor(10_000);
    expect(server.cluster("shop").membership?.members.size ?? 0).toBe(0);
    await finish(starting);
  });
});

describe("stop", () => {
  test("before start leaves a node that cannot be started", async () => {
    const { endOf, finish, make } = world();
    const node = make("n1");
    await finish(node.stop());
    expect(node.state).toBe("stopped");
    expect(await endOf(node.start())).toHaveProperty("code", "STOPPED");
  });

  test("twice, also at the same time, is one stop", async () => {
    const { finish, start } = world();
    const node = await start("n1");
    await finish(Promise.all([node.stop(), node.stop()]));
    await finish(node.stop());
    expect(node.state).toBe("stopped");
  });

  test("during start ends both", async () => {
    const { finish, make } = world();
    const node = make("n1");
    const starting = ended(node.start());
    await finish(node.stop());
    expect(node.state).toBe("stopped");
    await finish(starting);
  });

  test("settles every open promise", async () => {
    const { clock, finish, start } = world();
    const node = await start("n1");
    const { ask, tell } = node.actor(journal, "a");
    const told = ended(tell.throwOn({ line: "bad" }));
    const asked = ended(ask.write({ line: "behind it" }, { timeoutMs: 600_000 }));
    await clock.runFor(100);
    await finish(node.stop());
    const before = clock.monotonic();
    expect(await asked).toHaveProperty("code", "STOPPED");
    // It went back to the mailbox, for the next owner to try.
    expect(await told).toEqual({ value: undefined });
    expect(clock.monotonic() - before).toBe(0);
  });

  test("while the backend is away ends within its time-out", async () => {
    const { backend, clock, finish, start } = world();
    const node = await start("n1");
    backend.cut(n1);
    await clock.runFor(5_000);
    const before = clock.monotonic();
    await finish(node.stop({ timeoutMs: 2_000 }));
    expect(clock.monotonic() - before).toBeLessThanOrEqual(2_100);
  });

  test("leaves no timer behind: time goes on and nothing happens", async () => {
    const { clock, commits, finish, logger, start } = world();
    const node = await start("n1");
    await finish(node.actor(journal, "a").ask.write({ line: "x" }));
    await finish(node.stop());
    // What was under way in the network arrives.
    await clock.runFor(1_000);
    const before = [commits.length, logger.lines.length];
    const set: number[] = [];
    const after = clock.after.bind(clock);
    clock.after = (delayMs, task) => {
      set.push(delayMs);
      return after(delayMs, task);
    };
    await clock.runFor(120_000);
    expect(set).toEqual([]);
    expect([commits.length, logger.lines.length]).toEqual(before);
  });
});

describe("start", () => {
  test("twice is one start", async () => {
    const { finish, make, until } = world();
    const node = make("n1");
    await finish(Promise.all([node.start(), node.start()]));
    await finish(node.start());
    await until(() => node.status().shards.unowned === 0);
    expect(node.status().nodes.up).toBe(1);
  });

  test("of a node whose shard count is not the cluster's is refused", async () => {
    const { endOf, make, start } = world();
    await start("n1");
    const other = make("n2", { settings: { shardCount: 16 } });
    expect(await endOf(other.start())).toMatchObject({
      code: "SHARD_COUNT_MISMATCH",
      message: expect.stringContaining("with 8 shards"),
    });
  });

  test("is needed before anything is asked", async () => {
    const { endOf, make } = world();
    const node = make("n1");
    expect(await endOf(node.actor(journal, "a").ask.read({}))).toMatchObject({
      code: "NOT_STARTED",
      outcome: "not-applied",
    });
  });
});

describe("a node is not made", () => {
  test("with two kinds of one name", () => {
    expect(() => createMuster({ cluster: "shop", actors: [Journal, Journal] })).toThrow(
      'The actor kind "journal" is given twice.',
    );
  });

  test("with a replica of a kind that has no view here", () => {
    const replica = defineReplica(journal, { apply: async () => 1 });
    expect(() => createMuster({ cluster: "shop", actors: [Journal], replicas: [replica] })).toThrow(
      'A replica follows the kind "journal", which has no view on this node.',
    );
  });

  test("with an effect whose outcome goes to no command", () => {
    const run = async () => 1;
    // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
    const effect = { input: z.null(), output: z.number(), then: "done", failed: "write", run };
    const broken = journal.implement({ ...Journal.implementation, effects: { work: effect } });
    expect(() => createMuster({ cluster: "shop", actors: [broken] })).toThrow(
      'The actor kind "journal" has no command "done", to which its effect "work" is to be told.',
    );
  });

  test("with a command that nothing handles", () => {
    const { read: _, ...on } = Journal.implementation.on;
    const broken = journal.implement({ ...Journal.implementation, on: on as never });
    expect(() => createMuster({ cluster: "shop", actors: [broken] })).toThrow(
      'The actor kind "journal" has no handler for "read".',
    );
  });

  test("with the shape of a row that nothing makes", () => {
    const broken = journal.implement({ ...Journal.implementation, row: z.number() });
    expect(() => createMuster({ cluster: "shop", actors: [broken] })).toThrow(
      'The actor kind "journal" gives the shape of a row but no view.',
    );
  });

  test("with a kind whose name is no name", () => {
    const commands = {};
    expect(() => defineActor({ kind: "No Name", state: z.null(), commands })).toThrow(
      'The actor kind "No Name" must begin with a letter',
    );
  });
});

test("two clusters on one backend know nothing of each other", async () => {
  const { finish, make, read, start } = world();
  const shop = await start("n1");
  const bank = make("n1", { cluster: "bank" });
  await finish(bank.start());
  await finish(shop.actor(journal, "a").ask.write({ line: "shop" }));
  expect(await read(bank, "a")).toEqual([]);
  expect(bank.nodes.list().items.map(({ id }) => id)).toEqual(["n1"]);
});
