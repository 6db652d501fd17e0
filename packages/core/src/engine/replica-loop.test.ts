import { describe, expect, test } from "bun:test";
import { doing, rowOf, shardOf, web1, world } from "./replica-kit.test.ts";
import { rowIdentity } from "./row-identity.ts";
import { eventually } from "./view-kit.test.ts";

describe("following", () => {
  test("each row is applied once, and its outcome reported", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    const { board, loop, start } = node();
    await start();
    expect(calls.map(({ attempt, id, want: to }) => [id, to, attempt])).toEqual([["a", "on", 1]]);
    expect(call(0)).toMatchObject({ previous: undefined, now: 1_000_000 });
    expect(rowOf(board, "a")).toBeUndefined();
    await call(0).end();
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "on",
      observed: { have: "on" },
      converged: true,
      attempts: 0,
      nextAttemptAt: 0,
      since: 1_000_000,
      historyId: "h1",
    });
    await clock.advance(600_000);
    expect(calls).toHaveLength(1);
    expect(doing(loop)).toEqual({ a: "resting" });
  });

  test("rows with equal identities are acted on once", async () => {
    const { call, calls, clock, node, want } = world();
    const { start } = node({ identity: ({ want: to }) => to.toLowerCase() });
    await start();
    want("a", "on");
    await clock.settle();
    await call(0).end();
    want("a", "ON");
    await clock.settle();
    expect(calls).toHaveLength(1);
    want("a", "off");
    await clock.settle();
    expect(call(1)).toMatchObject({ want: "off", attempt: 1, previous: { have: "on" } });
  });

  test("a unit that is being changed is not shown as converged (I10)", async () => {
    const { call, clock, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    await call(0).end();
    want("a", "off");
    await clock.settle();
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "on",
      observed: { have: "on" },
      converged: false,
      since: 1_000_000,
    });
    await call(1).end();
    expect(rowOf(board, "a")).toMatchObject({ intentId: "off", converged: true });
  });

  test("without an identity of its own, an intent is known by its content", () => {
    expect(rowIdentity({ a: 1, b: [2] })).toBe(rowIdentity({ b: [2], a: 1 }));
    expect(rowIdentity({ a: 1, b: [2] })).not.toBe(rowIdentity({ a: 1, b: [3] }));
    expect(rowIdentity({})).toMatch(/^[\w-]{22}$/);
  });

  test("an identity that throws is reported and disturbs no other unit", async () => {
    const { calls, logger, node, want } = world();
    want("a", "bad");
    want("b", "on");
    const { start } = node({
      identity: ({ want: to }) => {
        if (to === "bad") throw new Error("no identity");
        return to;
      },
    });
    await start();
    expect(calls.map(({ id }) => id)).toEqual(["b"]);
    expect(logger.lines.some(({ level }) => level === "error")).toBe(true);
  });

  test("a row's removal is applied as undefined, and then its row goes", async () => {
    const { call, cluster, clock, node, want } = world();
    want("a", "on");
    const { board, loop, start } = node();
    await start();
    await call(0).end();
    want("a", undefined);
    await clock.settle();
    expect(call(1)).toMatchObject({ want: undefined, previous: { have: "on" } });
    expect(rowOf(board, "a")).toMatchObject({ intentId: "on" });
    await call(1).end();
    expect(rowOf(board, "a")).toBeUndefined();
    expect(cluster.status(web1).rows.size).toBe(0);
    expect(loop.units()).toEqual([]);
  });

  test("a tear-down that fails is retried, and says so", async () => {
    const { call, clock, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    await call(0).end();
    want("a", undefined);
    await clock.settle();
    await call(1).end(new Error("busy"));
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "(removed)",
      observed: { have: "on" },
      converged: false,
      attempts: 1,
      lastError: "busy",
    });
    await clock.advance(1_000);
    expect(call(2)).toMatchObject({ want: undefined, attempt: 2 });
    await call(2).end();
    expect(rowOf(board, "a")).toBeUndefined();
  });

  test("a row that comes back during its tear-down is applied after it", async () => {
    const { call, clock, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    await call(0).end();
    want("a", undefined);
    await clock.settle();
    want("a", "again");
    expect(call(1).signal.aborted).toBe(true);
    await call(1).end();
    expect(call(2)).toMatchObject({ want: "again", previous: undefined });
    await call(2).end();
    expect(rowOf(board, "a")).toMatchObject({ intentId: "again", converged: true });
    want("a", "more");
    await clock.settle();
    expect(call(3)).toMatchObject({ want: "more", previous: { have: "again" } });
  });
});

describe("a newer intent", () => {
  test("aborts the attempt under way, waits for it, then only the newest is applied", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "one");
    const { board, start } = node();
    await start();
    for (const to of ["two", "three", "four"]) want("a", to);
    expect(call(0).signal.aborted).toBe(true);
    await clock.advance(5_000);
    expect(calls).toHaveLength(1);
    await call(0).end(new Error("aborted"));
    expect(calls.map(({ want: to }) => to)).toEqual(["one", "four"]);
    expect(call(1)).toMatchObject({ attempt: 1 });
    await call(1).end();
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "four",
      attempts: 0,
      lastError: undefined,
    });
  });

  test("that is the old one again tries it again without counting the attempt cut short", async () => {
    const { call, calls, node, want } = world();
    want("a", "on");
    const { start } = node();
    await start();
    want("a", "off");
    want("a", "on");
    await call(0).end(new Error("aborted"));
    expect(calls.map(({ attempt, want: to }) => [to, attempt])).toEqual([
      ["on", 1],
      ["on", 1],
    ]);
  });

  test("does not wait for the retry of the last one", async () => {
    const { call, clock, node, want } = world();
    want("a", "bad");
    const { board, start } = node();
    await start();
    await call(0).end(new Error("boom"));
    want("a", "good");
    await clock.settle();
    expect(call(1)).toMatchObject({ want: "good", attempt: 1 });
    await call(1).end();
    expect(rowOf(board, "a")).toMatchObject({ converged: true, lastError: undefined, attempts: 0 });
    await clock.advance(60_000);
    expect(call(-1)).toBe(call(1));
  });

  test("waits for an apply that ignores its signal, which is named and holds nobody else", async () => {
    const { call, calls, clock, logger, node, want } = world();
    for (const id of ["a", "b", "c"]) want(id, "on");
    const { loop, start } = node({}, { concurrency: 1, abortGraceMs: 3_000 });
    await start();
    expect(calls.map(({ id }) => id)).toEqual(["a"]);
    want("a", "off");
    await clock.advance(2_999);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(doing(loop)).toEqual({ a: "overdue", b: "running", c: "queued" });
    expect(logger.lines.map(({ message }) => message)).toContain(
      "the apply of app/a ignores its abort signal: the unit waits until it returns",
    );
    await call(1).end();
    expect(calls.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    await call(0).end();
    // the slot it had lost is not given back twice
    expect(doing(loop)).toMatchObject({ a: "queued", c: "running" });
    await call(2).end();
    expect(call(3)).toMatchObject({ id: "a", want: "off" });
  });
});

describe("readiness", () => {
  test("nothing runs before all shards were listed and the former rows read", async () => {
    const { calls, clock, cluster, node, want } = world();
    for (const id of ["a", "b", "c", "d", "e"]) want(id, "on");
    cluster.broken.add(shardOf("a")).add(web1);
    const { start, table } = node();
    await start();
    await eventually(clock, () => table.size > 0);
    expect(calls).toEqual([]);
    cluster.broken.delete(shardOf("a"));
    await eventually(clock, () => table.ready);
    await clock.advance(5_000);
    expect(calls).toEqual([]);
    cluster.broken.clear();
    await eventually(clock, () => calls.length === 5);
  });

  test("at most `concurrency` units are applied side by side, each unit by one attempt", async () => {
    const { calls, clock, node, want } = world();
    let running = 0;
    let most = 0;
    const busy = new Set<string>();
    const { loop, start } = node(
      {
        apply: async (intent, { id }) => {
          expect(busy.has(id)).toBe(false);
          busy.add(id);
          running += 1;
          most = Math.max(most, running);
          await new Promise<void>((resolve) => clock.after(10, resolve));
          running -= 1;
          busy.delete(id);
          return { observed: { have: intent?.want ?? "" }, converged: true, retry: "policy" };
        },
      },
      { concurrency: 5 },
    );
    for (let i = 0; i < 100; i++) want(`a${i}`, "on");
    await start();
    for (let i = 0; i < 100; i++) want(`a${i}`, "off");
    await clock.advance(1_000);
    expect(most).toBe(5);
    expect(loop.units().every(({ standing }) => standing === "converged")).toBe(true);
    expect(calls).toEqual([]);
  });
});
