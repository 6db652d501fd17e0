import { describe, expect, test } from "bun:test";
import type { HistoryId } from "../model/ids.ts";
import { doing, rowOf, shardOf, web1, world } from "./replica-kit.test.ts";
import { eventually } from "./view-kit.test.ts";

describe("trouble with the backend", () => {
  test("a healed node acts on the present intent, not on the one it last saw", async () => {
    const { call, calls, clock, cluster, node, want } = world();
    want("a", "old");
    const { loop, start, table } = node();
    await start();
    await call(0).end(new Error("boom"));
    cluster.away = true;
    cluster.held = [];
    want("a", "new");
    await clock.advance(20_000);
    const before = calls.length;
    await call(-1).end(new Error("boom"));
    await clock.advance(120_000);
    expect(calls).toHaveLength(before);
    expect(doing(loop)).toEqual({ a: "held" });
    cluster.away = false;
    cluster.held = undefined;
    cluster.reset();
    await eventually(clock, () => calls.length > before);
    expect(table.stale).toBe(false);
    expect(calls.slice(before).map(({ attempt, want: to }) => [to, attempt])).toEqual([["new", 1]]);
  });

  test("a thawed node acts on the present intent, not on the one it last saw", async () => {
    const { call, calls, clock, cluster, node, want } = world();
    want("a", "old");
    const { start } = node();
    await start();
    await call(0).end(new Error("boom"));
    cluster.held = [];
    want("a", "new");
    // its timers are overdue when it wakes; the retry of the old intent is the first of them
    clock.freeze(60_000);
    await clock.advance(10);
    expect(calls.slice(1).map(({ want: to }) => to)).toEqual(["new"]);
  });

  test("units keep what they have while the backend is away", async () => {
    const { call, calls, clock, cluster, node, want } = world();
    want("a", "on");
    want("b", "on");
    const { board, loop, start } = node();
    await start();
    await call(0).end();
    cluster.away = true;
    await clock.advance(59_000);
    expect(call(1).signal.aborted).toBe(false);
    await call(1).end();
    expect(rowOf(board, "b")).toMatchObject({ converged: true });
    expect(doing(loop)).toEqual({ a: "resting", b: "resting" });
    cluster.away = false;
    await clock.advance(30_000);
    expect(calls).toHaveLength(2);
    expect(cluster.status(web1).rows.size).toBe(2);
  });

  test("a shard that cannot be confirmed holds only its own units", async () => {
    const { calls, clock, cluster, node, want } = world();
    const { start } = node();
    await start();
    const [a, b] = ["a", "b"];
    expect(shardOf(a)).not.toBe(shardOf(b));
    cluster.broken.add(shardOf(a));
    want(a, "on", "lose");
    want(a, "on");
    want(b, "on");
    await clock.settle();
    expect(calls.map(({ id }) => id)).toEqual([b]);
    cluster.broken.clear();
    await eventually(clock, () => calls.length === 2);
  });

  test("rows lost with data are no removals: units keep what they have", async () => {
    const { call, calls, clock, cluster, node, want } = world();
    want("b", "on");
    const restore = cluster.snapshot();
    want("a", "on");
    const { board, loop, start, table } = node();
    await start();
    await call(1).end();
    restore();
    cluster.historyId = "h2" as HistoryId;
    cluster.reset();
    await clock.advance(30_000);
    expect(call(0)).toMatchObject({ id: "a", signal: { aborted: false } });
    await call(0).end();
    await clock.advance(30_000);
    expect(calls).toHaveLength(2);
    expect(rowOf(board, "a")).toMatchObject({ intentId: "on", historyId: "h2" });
    // a forced nudge has no intent to act on
    loop.nudge("a", "force");
    await clock.settle();
    expect(doing(loop)).toEqual({ a: "held", b: "resting" });
    table.forgetLost("a");
    await clock.settle();
    expect(call(2)).toMatchObject({ id: "a", want: undefined });
  });

  test("after a roll-back the node acts on the intent that is there, and says so", async () => {
    const { call, clock, cluster, node, want } = world();
    want("a", "one");
    const restore = cluster.snapshot();
    want("a", "two");
    const { board, start } = node();
    await start();
    await call(0).end();
    restore();
    cluster.historyId = "h2" as HistoryId;
    cluster.reset();
    await clock.settle();
    expect(call(1)).toMatchObject({ want: "one" });
    expect(rowOf(board, "a")?.intentId).toBe("two");
    await call(1).end();
    expect(rowOf(board, "a")).toMatchObject({ intentId: "one", historyId: "h2" });
  });
});
